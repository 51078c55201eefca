//! Checks of single files.

use super::SourceFile;

/// A file above this has a seam: tests to `tests.rs`, `impl` blocks by theme, tables apart.
pub const MOST_LINES: usize = 700;

/// Folders that exist on one machine only. A path that starts with one works for its author.
const FOLDERS: [&str; 5] = ["/home/", "/root/", "/Users/", "/work/", "/tmp/"];

/// Hosts of package registries. Clients know where they are; a script or lock file that names one (or a mirror in its
/// stead) breaks where another mirror is used. Written in two halves, so that this file does not name them either.
const HOSTS: [(&str, &str); 9] = [
    ("index.", "crates.io"),
    ("static.", "crates.io"),
    ("repo1.maven", ".org"),
    ("repo.maven.", "apache.org"),
    ("registry.npmjs", ".org"),
    ("files.python", "hosted.org"),
    ("proxy.golang", ".org"),
    ("deb.debian", ".org"),
    ("arti", "factory"),
];

/// What is wrong with the length of a source file. Nobody reads one that a program wrote: `generated.rs`.
pub fn long_file(file: &SourceFile) -> Option<String> {
    let lines = file.text.lines().count();
    let to_be_read = file.is_rust() && !file.path.ends_with("/generated.rs");
    (to_be_read && lines > MOST_LINES).then(|| format!("{}: {lines} lines, at most {MOST_LINES}", file.path))
}

/// Lines that name a folder of one machine, or a registry's host.
pub fn foreign_names(file: &SourceFile) -> Vec<String> {
    // This list itself, and its tests.
    if file.path.starts_with("tests/xtask/src/tidy/") {
        return Vec::new();
    }
    let hosts: Vec<String> = HOSTS.iter().map(|(start, end)| format!("{start}{end}")).collect();
    let mut found = Vec::new();
    for (line, number) in file.text.lines().zip(1..) {
        if let Some(folder) = FOLDERS.iter().find(|folder| names_folder(line, folder)) {
            found.push(format!("{}:{number}: names the folder {folder}", file.path));
        }
        let lower = line.to_ascii_lowercase();
        if let Some(host) = hosts.iter().find(|host| lower.contains(host.as_str())) {
            found.push(format!("{}:{number}: names the host {host}", file.path));
        }
    }
    found
}

/// True when a path in the line starts with the folder: `/work/x`, but not `hollow/work/x` or `example.org/work/x`.
fn names_folder(line: &str, folder: &str) -> bool {
    line.match_indices(folder).any(|(at, _)| {
        let before = line.get(..at).and_then(|text| text.chars().next_back());
        !before.is_some_and(|c| c.is_alphanumeric() || matches!(c, '.' | '-' | '_' | '~' | '}' | ')' | '*'))
    })
}
