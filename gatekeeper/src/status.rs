//! What a video is in a country, at an instant.

use std::fmt;

macro_rules! statuses {
    ($($(#[$doc:meta])* $variant:ident = $name:literal, $letter:literal, $label:literal;)*) => {
        /// The answer for a video in a country. The order is the one in which people want to see them: trouble first.
        #[derive(Clone, Copy, Debug, PartialEq, Eq, Hash, PartialOrd, Ord)]
        pub enum Status {
            $($(#[$doc])* $variant,)*
        }

        impl Status {
            /// All statuses, in order.
            pub const ALL: [Status; [$($name),*].len()] = [$(Status::$variant),*];

            /// The name in the output dataset, such as `LIVE_WITH_GAPS`.
            pub fn name(self) -> &'static str {
                match self { $(Status::$variant => $name,)* }
            }

            /// One letter for narrow places.
            pub fn letter(self) -> char {
                match self { $(Status::$variant => $letter,)* }
            }

            /// The name for people.
            pub fn label(self) -> &'static str {
                match self { $(Status::$variant => $label,)* }
            }

            /// The status with this name.
            pub fn from_name(name: &str) -> Option<Status> {
                match name { $($name => Some(Status::$variant),)* _ => None }
            }
        }
    };
}
statuses! {
    /// A window is open and a hard requirement is missing.
    Blocked = "BLOCKED", 'B', "Blocked";
    /// A window opens within the policy's horizon and a hard requirement is missing.
    AtRisk = "AT_RISK", 'A', "At risk";
    /// A window opens later than that and a hard requirement is missing.
    InProgress = "IN_PROGRESS", 'P', "Preparing";
    /// A window lies ahead and every hard requirement will be met when it opens.
    Ready = "READY", 'S', "Scheduled";
    /// A window is open, every hard requirement is met, a soft one is missing.
    LiveWithGaps = "LIVE_WITH_GAPS", 'G', "Live, with gaps";
    /// A window is open and every requirement is met.
    Live = "LIVE", 'L', "Live";
    /// The last window is over.
    Ended = "ENDED", 'E', "Ended";
    /// No window, or no service in the country.
    NotLicensed = "NOT_LICENSED", 'N', "No rights";
}

impl Status {
    /// Whether viewers can play it.
    pub fn is_live(self) -> bool {
        matches!(self, Status::Live | Status::LiveWithGaps)
    }
}

impl fmt::Display for Status {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.pad(self.name())
    }
}

#[cfg(test)]
mod tests {
    use super::Status;

    #[test]
    fn names_and_letters_are_distinct_and_read_back() {
        for status in Status::ALL {
            assert_eq!(Status::from_name(status.name()), Some(status));
            let same = Status::ALL.iter().filter(|other| other.letter() == status.letter());
            assert_eq!(same.count(), 1, "{status}");
        }
        assert_eq!(Status::from_name("live"), None);
    }
}
