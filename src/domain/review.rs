//! A review: what a team looks at after a release, and every week.

use super::deployment::ReleaseName;
use super::id::ReviewId;
use super::incident::Signed;
use super::trace::filter::TimeRange;

/// A review, as the settings at the top of its file say it.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Review {
    /// Its name.
    pub id: ReviewId,
    /// What it is, for people.
    pub title: String,
    /// What is reviewed.
    pub subject: Subject,
    /// The time that the numbers are of.
    pub window: TimeRange,
    /// Who had the numbers written last, and when.
    pub updated: Signed,
}

/// What is reviewed.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum Subject {
    /// A release, so many days after it.
    Launch(ReleaseName, LaunchDay),
    /// A week.
    Week,
}

/// When after a release it is reviewed.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord)]
pub enum LaunchDay {
    /// Within the first hours: does it run at all, and can it go back?
    Zero,
    /// After a day: how does it fail?
    One,
    /// After three days: what does it do again and again?
    Three,
    /// After a week: what was learned?
    Seven,
}

impl LaunchDay {
    /// All of them, the soonest first.
    pub const ALL: [Self; 4] = [Self::Zero, Self::One, Self::Three, Self::Seven];

    /// How many days after the release.
    pub fn days(self) -> i64 {
        match self {
            Self::Zero => 0,
            Self::One => 1,
            Self::Three => 3,
            Self::Seven => 7,
        }
    }

    /// How many days its numbers are of, at most.
    pub fn covers_days(self) -> i64 {
        self.days().max(1)
    }

    /// The day of this number.
    pub fn of(days: i64) -> Option<Self> {
        Self::ALL.into_iter().find(|day| day.days() == days)
    }
}

/// The name of the review of a release on a day.
pub fn launch_id(release: &ReleaseName, day: LaunchDay) -> ReviewId {
    let text = format!("{}-{}-day-{}", release.lane, release.sequence, day.days());
    ReviewId::new(text).expect("the names of lanes are kebab-case, and so are numbers")
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_review_is_named_after_what_it_is_about() {
        let release = "production-eu#12".parse().unwrap();
        let id = launch_id(&release, LaunchDay::Three);
        assert_eq!(id.path(), "operations/reviews/production-eu-12-day-3.md");
        assert_eq!(LaunchDay::of(2), None);
        for day in LaunchDay::ALL {
            assert_eq!(LaunchDay::of(day.days()), Some(day));
        }
    }
}
