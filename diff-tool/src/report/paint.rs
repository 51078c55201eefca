//! Colours, or none.

/// What a piece of text is.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum Ink {
    Plain,
    Heading,
    Hunk,
    Removed,
    Added,
    RemovedMark,
    AddedMark,
    Good,
    Bad,
    Faint,
}

/// Writes text in colours if the reader sees them.
#[derive(Clone, Copy, Debug)]
pub struct Painter {
    colours: bool,
}

impl Painter {
    /// A painter with or without colours.
    pub fn new(colours: bool) -> Self {
        Painter { colours }
    }

    pub(crate) fn paint(self, ink: Ink, text: &str) -> String {
        if !self.colours {
            // What is marked within a line must be visible without colours too.
            return match ink {
                Ink::RemovedMark => format!("[-{text}-]"),
                Ink::AddedMark => format!("{{+{text}+}}"),
                _ => text.to_owned(),
            };
        }
        let code = match ink {
            Ink::Plain => return text.to_owned(),
            Ink::Heading => "1",
            Ink::Hunk => "36",
            Ink::Removed => "31",
            Ink::Added => "32",
            Ink::RemovedMark => "31;7",
            Ink::AddedMark => "32;7",
            Ink::Good => "32",
            Ink::Bad => "1;31",
            Ink::Faint => "2",
        };
        format!("\u{1b}[{code}m{text}\u{1b}[0m")
    }
}
