//! What the process uses of its machine, as Linux tells it in `/proc`. Elsewhere nothing is known.

/// What is used.
#[derive(Clone, Copy, Debug, PartialEq)]
pub(super) struct Resources {
    pub(super) resident_bytes: u64,
    pub(super) open_files: u64,
    pub(super) cpu_seconds: f64,
}

impl Resources {
    pub(super) fn now() -> Option<Self> {
        let status = std::fs::read_to_string("/proc/self/status").ok()?;
        let scheduled = std::fs::read_to_string("/proc/self/stat").ok()?;
        let open_files = std::fs::read_dir("/proc/self/fd").ok()?.count();
        Some(Self {
            resident_bytes: resident(&status)?,
            open_files: open_files as u64,
            cpu_seconds: cpu(&scheduled)?,
        })
    }
}

fn resident(status: &str) -> Option<u64> {
    let line = status.lines().find_map(|line| line.strip_prefix("VmRSS:"))?;
    let kilobytes: u64 = line.trim().strip_suffix("kB")?.trim().parse().ok()?;
    kilobytes.checked_mul(1024)
}

/// User and system time are fields 14 and 15, in hundredths of a second: Linux shows programs no other unit. The second
/// field is the program's name in parentheses, with anything in it.
fn cpu(stat: &str) -> Option<f64> {
    let (_, fields) = stat.rsplit_once(')')?;
    let mut fields = fields.split_ascii_whitespace().skip(11);
    let mut ticks = || fields.next()?.parse::<u64>().ok();
    let total = ticks()?.checked_add(ticks()?)?;
    Some(total as f64 / 100.0)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_lines_of_linux_are_read() {
        assert_eq!(resident("Name:\tx\nVmRSS:\t   2048 kB\n"), Some(2 << 20));
        assert_eq!(resident("Name:\tx\n"), None);
        assert_eq!(cpu("7 (a) b) S 1 2 3 4 5 6 7 8 9 10 150 50 0 0"), Some(2.0));
        assert_eq!(cpu("7 (a)"), None);
        if cfg!(target_os = "linux") {
            assert!(Resources::now().is_some_and(|used| used.resident_bytes > 0 && used.open_files > 0));
        }
    }
}
