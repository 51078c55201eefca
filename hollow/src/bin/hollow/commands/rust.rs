//! `hollow schema --rust`: schemas as Rust structs.

use crate::failure::{Answer, Failure};
use crate::output::write;
use hollow::schema::Dataset;
use std::io::Write;
use std::path::Path;

/// A schema file is text by hand; a large one is something else.
const MAX_BYTES: u64 = 16 << 20;

/// Prints the structs of a file of schemas.
pub(crate) fn of_file(file: &Path) -> Result<Answer, Failure> {
    let name = file.display();
    let size =
        std::fs::metadata(file).map_err(|error| Failure::not_found(error).hint(format!("there is no file {name}")))?;
    if size.len() > MAX_BYTES {
        return Err(Failure::usage(format!("{name} is larger than {MAX_BYTES} bytes")).hint("give a file of schemas"));
    }
    let text =
        std::fs::read_to_string(file).map_err(|error| Failure::unavailable(error).hint(format!("read {name}")))?;
    let dataset = Dataset::parse(&text).map_err(|error| Failure::usage(error).hint(format!("correct {name}")))?;
    print(&dataset)
}

/// Prints structs that derive these schemas; what they do not say goes to standard error too.
pub(crate) fn print(dataset: &Dataset) -> Result<Answer, Failure> {
    let code = hollow::typed::to_rust(dataset);
    for line in &code.left_out {
        let _ = writeln!(std::io::stderr(), "not expressed: {}", crate::output::printable(line));
    }
    let answer = write(|out| out.write_all(code.source.as_bytes()))?;
    Ok(if code.left_out.is_empty() { answer } else { Answer::No })
}
