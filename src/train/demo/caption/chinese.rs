//! Chinese wordings.

use rand::Rng;
use rand_chacha::ChaCha8Rng;

use super::super::scene::{Colour, Place, Position, Scene, Style, Subject, Time, Weather};
use super::{Mention, one_of};

pub(super) fn word(scene: &Scene, mention: Mention, rng: &mut ChaCha8Rng) -> String {
    let time = scene
        .time
        .filter(|_| mention.time)
        .map(|time| one_of(rng, time_words(time)));
    let weather = mention
        .weather
        .then(|| one_of(rng, weather_words(scene.weather)));
    let style = mention.style.then(|| one_of(rng, style_words(scene.style)));
    let mut parts: Vec<String> = Vec::new();
    let core = core(scene, mention, rng);
    // "黄昏的海边有…" or "…，黄昏，…"
    match time {
        Some(time) if rng.random_bool(0.5) => parts.push(format!("{time}|的|{core}")),
        Some(time) => parts.extend([core, time.to_owned()]),
        None => parts.push(core),
    }
    parts.extend(weather.map(str::to_owned));
    match style {
        Some(style) if rng.random_bool(0.5) => parts.insert(0, style.to_owned()),
        Some(style) => parts.push(style.to_owned()),
        None => {}
    }
    parts.join("，|")
}

fn core(scene: &Scene, mention: Mention, rng: &mut ChaCha8Rng) -> String {
    let Some(subject) = scene.subject else {
        return one_of(rng, place_alone(scene.place)).to_owned();
    };
    let (measure, nouns) = subject_words(subject);
    let noun = one_of(rng, nouns);
    let colour = if mention.colour {
        let word = colour_word(scene.colour);
        let ending = one_of(rng, &["色|的", "色|的", "色", "色", ""]);
        format!("{word}{ending}|")
    } else {
        String::new()
    };
    let nice = if rng.random_bool(0.12) {
        one_of(rng, &["可爱|的|", "美丽|的|", "现代简约|"])
    } else {
        ""
    };
    let number = match scene.count {
        1 if rng.random_bool(0.3) => "",
        1 => "一",
        2 => "两",
        _ => "三",
    };
    let measure = if number.is_empty() { "" } else { measure };
    let thing = format!("{number}|{measure}|{nice}{colour}{noun}");
    let side = match (mention.position, scene.count) {
        (true, 1) => one_of(rng, position_words(scene.position)),
        _ => "",
    };
    let place = if mention.place {
        one_of(rng, place_words(scene.place))
    } else {
        ""
    };
    match (place.is_empty(), side.is_empty()) {
        (true, true) => thing,
        (true, false) => format!("{thing}，|{side}"),
        (false, true) if rng.random_bool(0.4) => format!("{thing}，|{place}"),
        (false, true) => format!("{place}|{}|{thing}", one_of(rng, &["有", "的"])),
        (false, false) if rng.random_bool(0.4) => format!("{place}|{side}|有|{thing}"),
        (false, false) => format!("{place}|的|{thing}，|{side}"),
    }
}

fn subject_words(subject: Subject) -> (&'static str, &'static [&'static str]) {
    match subject {
        Subject::Cup => ("个", &["杯子", "咖啡杯", "陶瓷杯", "陶瓷咖啡杯", "马克杯"]),
        Subject::Vase => ("个", &["花瓶", "陶瓷花瓶", "瓷瓶"]),
        Subject::Flower => ("朵", &["花", "花朵", "鲜花"]),
        Subject::Boat => ("艘", &["船", "小船", "帆船"]),
        Subject::House => ("座", &["房子", "小屋", "房屋"]),
        Subject::Tree => ("棵", &["树", "大树", "树木"]),
        Subject::Balloon => ("个", &["气球", "热气球"]),
        Subject::Fox => ("只", &["狐狸", "小狐狸"]),
        Subject::Cat => ("只", &["猫", "小猫", "猫咪"]),
        Subject::Fish => ("条", &["鱼", "小鱼"]),
        Subject::Lantern => ("盏", &["灯笼", "纸灯笼"]),
    }
}

pub(super) fn colour_word(colour: Colour) -> &'static str {
    match colour {
        Colour::Red => "红",
        Colour::Orange => "橙",
        Colour::Yellow => "黄",
        Colour::Green => "绿",
        Colour::Blue => "蓝",
        Colour::Purple => "紫",
        Colour::Pink => "粉",
        Colour::White => "白",
    }
}

pub(super) fn place_words(place: Place) -> &'static [&'static str] {
    match place {
        Place::Mountains => &["山里", "雪山前", "群山间"],
        Place::Lake => &["湖上", "湖面上", "山间湖泊上"],
        Place::Sea => &["海上", "大海上", "海边"],
        Place::Desert => &["沙漠里", "沙丘间"],
        Place::Forest => &["森林里", "松林里", "树林中"],
        Place::Meadow => &["草地上", "草原上", "田野里"],
        Place::City => &["城市里", "城市天际线前", "高楼前"],
        Place::Street => &["霓虹街道上", "霓虹灯街道", "街头霓虹下"],
        Place::Table => &["木桌上", "桌上", "窗边木桌上"],
        Place::Studio => &["纯色背景前", "简单背景", "摄影棚里"],
    }
}

fn place_alone(place: Place) -> &'static [&'static str] {
    match place {
        Place::Mountains => &["群山", "山水风景", "雪山", "山脉风景"],
        Place::Lake => &["湖泊", "湖光山色", "山间湖泊", "湖面倒影"],
        Place::Sea => &["大海", "海景", "海浪", "海上风景"],
        Place::Desert => &["沙漠", "沙丘", "沙漠风景"],
        Place::Forest => &["森林", "松林", "树林"],
        Place::Meadow => &["草地", "草原", "绿色山丘", "开满花的草地"],
        Place::City => &["城市", "城市天际线", "高楼大厦"],
        Place::Street | Place::Table | Place::Studio => {
            &["霓虹街道", "霓虹灯街道", "街景，霓虹招牌"]
        }
    }
}

fn position_words(position: Position) -> &'static [&'static str] {
    match position {
        Position::Left => &["左边", "左侧"],
        Position::Centre => &["中间", "中央"],
        Position::Right => &["右边", "右侧"],
    }
}

pub(super) fn time_words(time: Time) -> &'static [&'static str] {
    match time {
        Time::Dawn => &["清晨", "黎明", "日出时分"],
        Time::Noon => &["正午", "白天", "中午"],
        Time::Dusk => &["黄昏", "傍晚", "日落时分"],
        Time::Night => &["夜晚", "夜里", "月夜"],
    }
}

fn weather_words(weather: Weather) -> &'static [&'static str] {
    match weather {
        Weather::Clear => &["晴天", "晴朗"],
        Weather::Snow => &["下雪", "雪天", "雪花飘落"],
        Weather::Rain => &["下雨", "雨天", "雨中"],
        Weather::Mist => &["有雾", "薄雾", "雾气弥漫"],
    }
}

pub(super) fn style_words(style: Style) -> &'static [&'static str] {
    match style {
        Style::Flat => &["扁平插画", "扁平风格", "矢量插画"],
        Style::Watercolour => &["水彩画", "水彩", "水彩风格"],
        Style::Ink => &["水墨画", "水墨", "国画水墨", "水墨风格"],
        Style::PaperCut => &["剪纸", "剪纸风格", "剪纸艺术"],
        Style::Pixel => &["像素画", "像素风格", "像素艺术"],
        Style::Film => &["复古胶片", "胶片照片", "胶片质感"],
    }
}
