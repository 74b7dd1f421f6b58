//! Many requests from one draft: prompts × styles × sizes × seeds.

use super::draft::join_style;
use super::{Draft, ImageSize, Prompt, Request, RequestError, Seed};

/// The most requests that one set of variations makes.
pub const MAX_REQUESTS: usize = 1_000;

/// What varies. An empty list leaves the draft's own value.
#[derive(Clone, Debug, Default, PartialEq)]
pub struct Variations {
    /// Prompts.
    pub prompts: Vec<String>,
    /// Words of a style put behind each prompt; an empty text is "no style".
    pub styles: Vec<String>,
    /// Sizes.
    pub sizes: Vec<ImageSize>,
    /// Seeds. The same ones are used for every prompt, style and size, so that only those differ.
    pub seeds: Vec<Seed>,
}

/// Why there are no requests.
#[derive(Clone, Debug, PartialEq, thiserror::Error)]
pub enum VariationError {
    /// More than anyone wants to wait for.
    #[error(
        "these variations make {0} pictures, and at most {MAX_REQUESTS} are made at once; vary fewer things"
    )]
    TooMany(usize),
    /// A prompt cannot be used.
    #[error("prompt {number}: {source}")]
    Prompt {
        /// Which, from 1.
        number: usize,
        /// What is wrong with it.
        source: RequestError,
    },
}

impl Variations {
    /// How many requests this makes.
    pub fn count(&self) -> usize {
        [
            self.prompts.len(),
            self.styles.len(),
            self.sizes.len(),
            self.seeds.len(),
        ]
        .into_iter()
        .fold(1, |product: usize, length| {
            product.saturating_mul(length.max(1))
        })
    }

    /// The requests: all of the first prompt, then all of the second; within a prompt by style, then size, then seed.
    ///
    /// Without seeds, one is taken from the draft or drawn, and used throughout.
    ///
    /// # Errors
    /// [`VariationError`], before anything is made.
    pub fn requests(&self, draft: &Draft) -> Result<Vec<Request>, VariationError> {
        if self.count() > MAX_REQUESTS {
            return Err(VariationError::TooMany(self.count()));
        }
        let base = Draft {
            seed: Some(draft.seed.unwrap_or_else(Seed::random)),
            ..draft.clone()
        };
        let prompts = or_own(&self.prompts, &base.prompt);
        let styles = or_own(&self.styles, &base.style);
        let sizes = or_own(&self.sizes, &base.size);
        let seeds = self
            .seeds
            .iter()
            .copied()
            .chain(base.seed.filter(|_| self.seeds.is_empty()));
        let seeds: Vec<Seed> = seeds.collect();

        let mut requests = Vec::with_capacity(self.count());
        for (index, prompt) in prompts.iter().enumerate() {
            let wrong = |source| VariationError::Prompt {
                number: index + 1,
                source,
            };
            let own = Draft {
                prompt: prompt.clone(),
                style: String::new(),
                ..base.clone()
            };
            let request = own.request().map_err(wrong)?;
            for style in styles {
                let prompt = Prompt::new(join_style(prompt, style)).map_err(wrong)?;
                for &size in sizes {
                    requests.extend(seeds.iter().map(|&seed| Request {
                        prompt: prompt.clone(),
                        size,
                        seed,
                        ..request.clone()
                    }));
                }
            }
        }
        Ok(requests)
    }
}

/// `count` seeds from `first` on.
pub fn seeds_from(first: Seed, count: u32) -> Vec<Seed> {
    (0..count).map(|index| first.nth(index)).collect()
}

/// The prompts of a text, one a line; blank lines and lines that start with `#` are passed over.
pub fn prompts_of(text: &str) -> Vec<String> {
    let text = text.strip_prefix('\u{feff}').unwrap_or(text);
    let lines = text
        .lines()
        .map(str::trim)
        .filter(|line| !line.is_empty() && !line.starts_with('#'));
    lines.map(str::to_owned).collect()
}

fn or_own<'a, T>(list: &'a [T], own: &'a T) -> &'a [T] {
    if list.is_empty() {
        std::slice::from_ref(own)
    } else {
        list
    }
}

#[cfg(test)]
#[expect(clippy::unwrap_used, reason = "a test may stop at the first surprise")]
mod tests {
    use super::*;

    fn draft() -> Draft {
        Draft {
            prompt: "a cup".into(),
            style: "photo".into(),
            seed: Some(Seed(7)),
            ..Draft::default()
        }
    }

    #[test]
    fn nothing_varied_is_the_draft_itself() {
        let requests = Variations::default().requests(&draft()).unwrap();
        assert_eq!(requests, vec![draft().request().unwrap()]);
    }

    #[test]
    fn styles_are_compared_under_the_same_seeds() {
        let variations = Variations {
            prompts: vec!["a cup".into(), "一只杯子".into()],
            styles: vec!["photo".into(), "retro film".into()],
            seeds: seeds_from(Seed(1), 2),
            ..Variations::default()
        };
        let requests = variations.requests(&draft()).unwrap();
        let told: Vec<(&str, u64)> = requests
            .iter()
            .map(|request| (request.prompt.as_str(), request.seed.0))
            .collect();
        assert_eq!(
            told[..4],
            [
                ("a cup, photo", 1),
                ("a cup, photo", 2),
                ("a cup, retro film", 1),
                ("a cup, retro film", 2),
            ]
        );
        assert_eq!(told[4], ("一只杯子，photo", 1));
        assert_eq!(told.len(), variations.count());
    }

    #[test]
    fn a_seed_left_to_chance_is_the_same_in_all_of_them() {
        let sizes = vec![
            ImageSize::new(256, 256).unwrap(),
            ImageSize::new(512, 512).unwrap(),
        ];
        let variations = Variations {
            sizes,
            ..Variations::default()
        };
        let requests = variations
            .requests(&Draft {
                seed: None,
                ..draft()
            })
            .unwrap();
        assert_eq!(requests[0].seed, requests[1].seed);
    }

    #[test]
    fn too_many_are_refused_before_any_is_made() {
        let variations = Variations {
            seeds: seeds_from(Seed(0), 501),
            styles: vec!["a".into(), "b".into()],
            ..Default::default()
        };
        assert_eq!(
            variations.requests(&draft()),
            Err(VariationError::TooMany(1_002))
        );
    }

    #[test]
    fn a_bad_prompt_is_named_by_its_number() {
        let variations = Variations {
            prompts: vec!["a cup".into(), "a\0b".into()],
            ..Default::default()
        };
        assert!(matches!(
            variations.requests(&draft()),
            Err(VariationError::Prompt { number: 2, .. })
        ));
    }

    #[test]
    fn a_prompt_list_is_one_prompt_a_line() {
        let text = "\u{feff}a fox\r\n\n# later: a cat\n  一只狐狸  \n";
        assert_eq!(prompts_of(text), ["a fox", "一只狐狸"]);
    }
}
