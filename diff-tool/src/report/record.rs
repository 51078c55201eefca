//! One record, compared.

use super::lines::{self, Sign};
use super::paint::Painter;
use super::text::{write_record_head, write_whole};
use super::{RecordReport, summary, unified};
use crate::{compare, show};
use std::io::{self, Write};

impl RecordReport<'_> {
    /// Whether both sides have the record and it says the same.
    pub fn is_same(&self) -> bool {
        matches!(&self.sides, (Some(before), Some(after)) if before == after)
    }

    /// Writes the record for people: whole, with what differs marked.
    ///
    /// # Errors
    /// Whatever writing fails with.
    pub fn text(&self, out: &mut dyn Write, painter: Painter, context: Option<usize>) -> io::Result<()> {
        summary::write_titles(out, painter, &self.a, &self.b)?;
        summary::write_question(out, painter, self.tags, self.is_same())?;
        let name = show::name(self.type_name);
        match &self.sides {
            (Some(before), Some(after)) if before == after => {
                writeln!(out, "\n{name} {} is the same in A and B", self.key)?;
                write_whole(out, painter, Sign::Both, before)
            }
            (Some(before), Some(after)) => {
                write_record_head(out, painter, &name, &self.key, (true, true))?;
                unified::write(out, painter, &lines::edit_lines(&compare(before, after)), context)
            }
            (Some(before), None) => {
                write_record_head(out, painter, &name, &self.key, (true, false))?;
                write_whole(out, painter, Sign::Removed, before)
            }
            (None, Some(after)) => {
                write_record_head(out, painter, &name, &self.key, (false, true))?;
                write_whole(out, painter, Sign::Added, after)
            }
            (None, None) => Ok(()),
        }
    }
}
