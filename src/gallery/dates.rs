//! Moments: written down in UTC; shown, searched for and put into names of files in the time of the place.

use std::ops::Range;
use std::time::SystemTime;

use chrono::{DateTime, Duration, Local, Months, NaiveDate, SecondsFormat, TimeZone, Utc};

/// The moment as RFC 3339 in UTC, such as `2026-11-22T19:55:05Z`.
pub fn rfc3339(now: SystemTime) -> String {
    DateTime::<Utc>::from(now).to_rfc3339_opts(SecondsFormat::Secs, true)
}

/// A moment of [`rfc3339`] as clocks and calendars here show it, such as `2026-11-22 20:55:05`; what is no such moment
/// stays as it is.
pub fn shown(moment: &str) -> String {
    shown_in(&Local, moment)
}

fn shown_in<Z: TimeZone>(zone: &Z, moment: &str) -> String
where
    Z::Offset: std::fmt::Display,
{
    DateTime::parse_from_rfc3339(moment).map_or_else(
        |_| moment.to_owned(),
        |moment| {
            let here = moment.with_timezone(zone);
            here.format("%Y-%m-%d %H:%M:%S").to_string()
        },
    )
}

/// The moment as clocks and calendars here show it, in digits alone, such as `20261122205505`.
pub(super) fn digits(now: SystemTime) -> String {
    digits_in(&Local, now)
}

fn digits_in<Z: TimeZone>(zone: &Z, now: SystemTime) -> String
where
    Z::Offset: std::fmt::Display,
{
    let here = DateTime::<Utc>::from(now).with_timezone(zone);
    here.format("%Y%m%d%H%M%S").to_string()
}

/// From when to when `YYYY`, `YYYY-MM` or `YYYY-MM-DD` lasts here, in milliseconds since 1970; `/` and `.` part them as
/// well.
pub(super) fn span(value: &str) -> Option<Range<u64>> {
    span_in(&Local, value)
}

/// Today as a calendar here has it, such as `2026-11-22`.
pub fn today() -> String {
    Local::now().format("%Y-%m-%d").to_string()
}

fn span_in<Z: TimeZone>(zone: &Z, value: &str) -> Option<Range<u64>> {
    let parts: Vec<u32> = value
        .split(['-', '/', '.'])
        .map(|part| part.parse().ok())
        .collect::<Option<_>>()?;
    let (year, month, day) = match parts[..] {
        [year] => (year, 1, 1),
        [year, month] => (year, month, 1),
        [year, month, day] => (year, month, day),
        _ => return None,
    };
    let year = i32::try_from(year)
        .ok()
        .filter(|year| (1970..=9999).contains(year))?;
    let first = NaiveDate::from_ymd_opt(year, month, day)?;
    let next = match parts.len() {
        1 => first.checked_add_months(Months::new(12)),
        2 => first.checked_add_months(Months::new(1)),
        _ => first.succ_opt(),
    };
    Some(start(zone, first)?..start(zone, next?)?)
}

/// The first moment of a day, in milliseconds since 1970.
fn start<Z: TimeZone>(zone: &Z, day: NaiveDate) -> Option<u64> {
    // Where the clock goes forward at midnight, the day begins at one.
    let midnight = day.and_hms_opt(0, 0, 0)?;
    let first = [midnight, midnight + Duration::hours(1)]
        .into_iter()
        .find_map(|begin| zone.from_local_datetime(&begin).earliest())?;
    // East of Greenwich, 1970 began before the count does.
    Some(u64::try_from(first.timestamp_millis()).unwrap_or(0))
}

#[cfg(test)]
#[expect(clippy::unwrap_used, reason = "a test may stop at the first surprise")]
mod tests {
    use std::time::UNIX_EPOCH;

    use chrono::FixedOffset;

    use super::*;

    fn shanghai() -> FixedOffset {
        FixedOffset::east_opt(8 * 3600).unwrap()
    }

    #[test]
    fn moments_are_written_in_utc_and_shown_as_clocks_here_do() {
        for (seconds, written, here) in [
            (0, "1970-01-01T00:00:00Z", "1970-01-01 08:00:00"),
            (951_782_399, "2000-02-28T23:59:59Z", "2000-02-29 07:59:59"),
            (1_709_251_200, "2024-03-01T00:00:00Z", "2024-03-01 08:00:00"),
            (4_107_542_400, "2100-03-01T00:00:00Z", "2100-03-01 08:00:00"),
        ] {
            let moment = UNIX_EPOCH + std::time::Duration::from_secs(seconds);
            assert_eq!(rfc3339(moment), written);
            assert_eq!(shown_in(&shanghai(), written), here);
            let digits: String = here.chars().filter(char::is_ascii_digit).collect();
            assert_eq!(digits_in(&shanghai(), moment), digits);
        }
        assert_eq!(shown("some day"), "some day");
    }

    #[test]
    fn days_begin_when_they_do_here() {
        let day = 86_400_000;
        for (value, days) in [
            ("2000-02-29", 11_016),
            ("2000/3/1", 11_017),
            ("2000-03", 11_017),
            ("2026.11.22", 20_779),
            ("1971", 365),
        ] {
            let begin = |span: Option<Range<u64>>| span.unwrap().start;
            assert_eq!(begin(span_in(&Utc, value)), days * day, "{value}");
            let earlier = days * day - 8 * 3_600_000;
            assert_eq!(begin(span_in(&shanghai(), value)), earlier, "{value}");
        }
        for (value, next) in [
            ("2000-02-29", "2000-03-01"),
            ("2000-12", "2001-01"),
            ("1999", "2000"),
        ] {
            let [this, next] = [value, next].map(|value| span_in(&shanghai(), value).unwrap());
            assert_eq!(this.end, next.start, "{value}");
        }
        assert_eq!(span_in(&shanghai(), "1970").unwrap().start, 0);
        for value in [
            "",
            "1969",
            "10000",
            "2026-13",
            "2026-02-30",
            "2026-1-1-1",
            "2026-",
            "x",
        ] {
            assert_eq!(span_in(&Utc, value), None, "{value}");
        }
    }
}
