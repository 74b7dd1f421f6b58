//! Messages: a few in the corner for a while, all of them in the history until the program ends.

use std::time::{Duration, Instant};

use super::i18n::{Message, Value};
use super::state::StepId;

/// How long good news and hints stay. Warnings and errors stay until they are read.
const GOOD_NEWS: Duration = Duration::from_secs(5);
/// How long a message stays that offers something.
const OFFER: Duration = Duration::from_secs(12);
/// How many messages are kept.
const KEPT: usize = 200;
/// How many are in the corner at once.
const AT_ONCE: usize = 4;
/// The placeable of how many things a message speaks of.
const COUNT: &str = "count";

/// Names one message.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash)]
pub struct NoticeId(u64);

/// How much a message matters.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Weight {
    /// How to go on, or why a key did nothing.
    Hint,
    /// It went well.
    Good,
    /// Something to take note of.
    Warning,
    /// Something failed.
    Error,
}

/// What a message offers to do.
#[derive(Clone, Debug, PartialEq)]
pub enum Offer {
    /// Takes the size, steps and guidance that suit the model.
    UseWhatSuits,
    /// Takes these steps back, each with how many things of the message's count it holds.
    Undo(Vec<(StepId, usize)>),
    /// Starts the program anew.
    Restart,
    /// Opens the settings.
    OpenSettings,
    /// Opens the models.
    OpenModels,
}

impl Offer {
    /// The offer to take one step back.
    #[must_use]
    pub fn undo(step: StepId) -> Self {
        Self::Undo(vec![(step, 1)])
    }
}

/// One message.
#[derive(Clone, Debug, PartialEq)]
pub struct Notice {
    /// Its name.
    pub id: NoticeId,
    /// How much it matters.
    pub weight: Weight,
    /// What it says.
    pub message: Message,
    /// What it offers.
    pub offer: Option<Offer>,
    /// When it came.
    pub since: Instant,
    /// Whether it was read or its time is over.
    pub read: bool,
}

impl Notice {
    /// How long it stays in the corner, unless until it is read.
    #[must_use]
    pub fn stays(&self) -> Option<Duration> {
        match (self.weight, &self.offer) {
            (Weight::Hint | Weight::Good, None) => Some(GOOD_NEWS),
            // What can be undone was seen to happen; the offer need not stand for ever.
            (Weight::Hint | Weight::Good, Some(_)) | (_, Some(Offer::Undo(_))) => Some(OFFER),
            _ => None,
        }
    }

    /// Counts what the offer would still bring back.
    fn recount(&mut self) {
        let Some(Offer::Undo(steps)) = &self.offer else {
            return;
        };
        let count: usize = steps.iter().map(|(_, count)| count).sum();
        for (name, value) in &mut self.message.args {
            if *name == COUNT {
                *value = Value::from(count);
            }
        }
    }
}

/// All messages.
#[derive(Debug, Default)]
pub struct Notices {
    all: Vec<Notice>,
    next: u64,
}

impl Notices {
    /// Says that something went well.
    pub fn good(&mut self, message: Message) {
        self.say(Weight::Good, message, None);
    }

    /// Says how to go on.
    pub fn hint(&mut self, message: Message) {
        self.say(Weight::Hint, message, None);
    }

    /// Says something to take note of.
    pub fn warn(&mut self, message: Message) {
        self.say(Weight::Warning, message, None);
    }

    /// Says that something failed.
    pub fn error(&mut self, message: Message) {
        self.say(Weight::Error, message, None);
    }

    /// Says something and offers what can be done.
    pub fn offer(&mut self, weight: Weight, message: Message, offer: Offer) {
        self.say(weight, message, Some(offer));
    }

    /// Says that so many things were removed in `step`, and offers to bring them back. A row of removals is one
    /// message that counts them all.
    pub fn removed(&mut self, key: &'static str, step: StepId, count: usize) {
        let last = self.all.last_mut();
        if let Some(last) = last.filter(|last| !last.read && last.message.key == key)
            && let Some(Offer::Undo(steps)) = &mut last.offer
        {
            steps.push((step, count));
            last.recount();
            last.since = Instant::now();
            return;
        }
        let said = Message::new(key).with(COUNT, count);
        self.offer(Weight::Good, said, Offer::Undo(vec![(step, count)]));
    }

    /// Says that so many things are back. A row of them is one message that counts them all.
    pub fn back(&mut self, key: &'static str, count: usize) {
        let last = self.all.last_mut();
        if let Some(last) = last.filter(|last| !last.read && last.message.key == key)
            && let [(COUNT, Value::Number(so_far))] = last.message.args.as_mut_slice()
        {
            *so_far += count as f64;
            last.since = Instant::now();
            return;
        }
        self.good(Message::new(key).with(COUNT, count));
    }

    /// Takes what was said under `key` from the corner: it is so no longer.
    pub fn retire(&mut self, key: &str) {
        for notice in self.all.iter_mut() {
            notice.read |= notice.message.key == key;
        }
    }

    /// Takes all messages from the corner.
    pub fn dismiss_all(&mut self) {
        for notice in self.all.iter_mut() {
            notice.read = true;
        }
    }

    /// Takes offers back of steps that are no longer `open`; a message without another one goes from the corner.
    pub fn keep_offers(&mut self, open: impl Fn(StepId) -> bool) {
        for notice in self.all.iter_mut().filter(|notice| !notice.read) {
            let Some(Offer::Undo(steps)) = &mut notice.offer else {
                continue;
            };
            let before = steps.len();
            steps.retain(|(step, _)| open(*step));
            if steps.is_empty() {
                notice.read = true;
            } else if steps.len() < before {
                notice.recount();
            }
        }
    }

    /// Takes note of what there may be to say.
    pub fn extend(&mut self, warning: Option<Message>) {
        if let Some(message) = warning {
            self.warn(message);
        }
    }

    /// Says something, with an offer where there is one.
    pub fn say(&mut self, weight: Weight, message: Message, offer: Option<Offer>) {
        // The same message twice in a row is one message with a fresh time; what it offers is not to be lost.
        if let Some(last) = self.all.last_mut().filter(|last| {
            let same = !last.read && last.message == message;
            same && (offer.is_none() || last.offer == offer)
        }) {
            last.since = Instant::now();
            return;
        }
        let id = NoticeId(self.next);
        self.next += 1;
        self.all.push(Notice {
            id,
            weight,
            message,
            offer,
            since: Instant::now(),
            read: false,
        });
        if self.all.len() > KEPT {
            self.all.remove(0);
        }
    }

    /// Marks a message as read and returns it.
    pub fn dismiss(&mut self, id: NoticeId) -> Option<Notice> {
        let notice = self.all.iter_mut().find(|notice| notice.id == id)?;
        notice.read = true;
        Some(notice.clone())
    }

    /// Takes messages from the corner whose time is over; returns when the next one's will be.
    pub fn age(&mut self, now: Instant) -> Option<Duration> {
        let mut next = None;
        for notice in self.all.iter_mut().filter(|notice| !notice.read) {
            let Some(stays) = notice.stays() else {
                continue;
            };
            let left = stays.saturating_sub(now.duration_since(notice.since));
            if left.is_zero() {
                notice.read = true;
            } else {
                next = Some(next.map_or(left, |next: Duration| next.min(left)));
            }
        }
        next
    }

    /// The messages in the corner, the newest last.
    pub fn live(&self) -> impl Iterator<Item = &Notice> {
        let unread: Vec<&Notice> = self.all.iter().filter(|notice| !notice.read).collect();
        let skip = unread.len().saturating_sub(AT_ONCE);
        unread.into_iter().skip(skip)
    }

    /// All messages, the newest first.
    pub fn history(&self) -> impl Iterator<Item = &Notice> {
        self.all.iter().rev()
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::app::state::{Step, UndoStack};

    #[test]
    fn good_news_goes_by_itself_and_errors_stay() {
        let mut notices = Notices::default();
        notices.good(Message::new("kept"));
        notices.error(Message::new("failed"));
        assert!(notices.age(Instant::now()).is_some());
        let late = Instant::now() + GOOD_NEWS + Duration::from_secs(1);
        assert_eq!(
            notices.age(late),
            None,
            "nothing is left to wait for, so nothing repaints"
        );
        assert_eq!(
            notices.live().map(|n| n.message.key).collect::<Vec<_>>(),
            ["failed"]
        );
        assert_eq!(notices.history().count(), 2);
    }

    #[test]
    fn a_row_of_removals_is_one_message_that_counts_what_is_still_gone() {
        let mut undo = UndoStack::default();
        let mut notices = Notices::default();
        let steps = ["a.png", "b.png"].map(|name| undo.push(Step::Trash(name.into())));
        for step in steps {
            notices.removed("gone", step, 1);
        }
        let said = |notices: &Notices| {
            let notice = notices.live().next().cloned();
            notice.map(|notice| (notice.message.args, notice.offer))
        };
        let one = |count: usize, steps: &[StepId]| {
            let steps = steps.iter().map(|step| (*step, 1)).collect();
            Some((vec![(COUNT, Value::from(count))], Some(Offer::Undo(steps))))
        };
        assert_eq!(said(&notices), one(2, &steps));
        undo.pop();
        notices.keep_offers(|step| undo.can_take(step));
        assert_eq!(said(&notices), one(1, &steps[..1]));
        undo.pop();
        notices.keep_offers(|step| undo.can_take(step));
        assert_eq!(said(&notices), None, "a stale offer is gone");
    }

    #[test]
    fn a_row_of_what_came_back_is_one_message_that_counts_it() {
        let mut notices = Notices::default();
        for count in [1, 2] {
            notices.back("back", count);
        }
        let said: Vec<_> = notices.history().map(|n| n.message.args.clone()).collect();
        assert_eq!(said, [vec![(COUNT, Value::from(3_usize))]]);
    }

    #[test]
    fn the_same_message_again_is_one_message() {
        let mut notices = Notices::default();
        for _ in 0..3 {
            notices.error(Message::new("failed"));
        }
        assert_eq!(notices.history().count(), 1);
    }
}
