//! Processes of brokers: recognising, ending and guarding them.

use std::ffi::{OsStr, OsString};
use std::fs;
use std::os::unix::process::CommandExt;
use std::path::{Path, PathBuf};
use std::process::{Child, ChildStdin, Command, Stdio};
use std::thread;
use std::time::{Duration, Instant};

use rustix::process::{Pid, Signal};

use super::KafkaError;
use super::layout::Layout;

/// How long a killed process may take to be gone.
const KILL_GRACE: Duration = Duration::from_secs(10);

pub(super) const POLL: Duration = Duration::from_millis(25);

/// The setting by which a broker's process is recognised. Kafka itself does not read it.
const MARK: &str = "-Dxtask.broker.dir=";

/// A broker's process, ours or one that an earlier run left.
#[derive(Debug)]
pub(super) struct Process {
    pub(super) pid: u32,
    mark: OsString,
    /// Set when it is our child: then it must be waited for, and its id cannot be somebody else's.
    child: Option<Child>,
}

impl Process {
    /// A process that was just started for a broker's folder.
    pub(super) fn started(child: Child, broker_dir: &Path) -> Process {
        Process {
            pid: child.id(),
            mark: mark_of(broker_dir),
            child: Some(child),
        }
    }

    /// The process that a broker's pid file names, if it still is that broker.
    pub(super) fn recorded(layout: &Layout, broker: u16) -> Option<Process> {
        let pid = fs::read_to_string(layout.pid_file(broker)).ok()?.trim().parse().ok()?;
        let mut process = Process {
            pid,
            mark: mark_of(&layout.broker_dir(broker)),
            child: None,
        };
        process.is_running().then_some(process)
    }

    pub(super) fn is_running(&mut self) -> bool {
        self.ended().is_none()
    }

    /// How it ended, `None` while it runs.
    pub(super) fn ended(&mut self) -> Option<String> {
        match &mut self.child {
            Some(child) => match child.try_wait() {
                Ok(None) => None,
                Ok(Some(status)) => Some(status.to_string()),
                Err(error) => Some(format!("it cannot be waited for: {error}")),
            },
            None => (!command_line_has(self.pid, &self.mark)).then(|| "it is gone".into()),
        }
    }

    fn signal(&mut self, signal: Signal) {
        // Asked anew each time: a process id may be given to another program once the broker is gone.
        if self.is_running()
            && let Some(pid) = to_pid(self.pid)
        {
            // It may end between the check and the signal; waiting tells.
            let _ = rustix::process::kill_process(pid, signal);
        }
    }
}

/// Ends processes together, so that a grace period counts once: asks them to shut down, and kills those that still run
/// when `grace` is over (at once when it is zero).
pub(super) fn stop_all(processes: &mut [&mut Process], grace: Duration) -> Result<(), KafkaError> {
    if !grace.is_zero() {
        processes.iter_mut().for_each(|process| process.signal(Signal::TERM));
        if wait_for_end(processes, grace) {
            return Ok(());
        }
    }
    processes.iter_mut().for_each(|process| process.signal(Signal::KILL));
    if wait_for_end(processes, KILL_GRACE) {
        return Ok(());
    }
    for process in processes.iter_mut() {
        if process.is_running() {
            return Err(KafkaError::Unstoppable { pid: process.pid });
        }
    }
    Ok(())
}

fn wait_for_end(processes: &mut [&mut Process], patience: Duration) -> bool {
    let deadline = Instant::now() + patience;
    loop {
        if processes.iter_mut().all(|process| !process.is_running()) {
            return true;
        }
        if Instant::now() >= deadline {
            return false;
        }
        thread::sleep(POLL);
    }
}

/// A shell that ends a broker when its owner is gone.
///
/// Its standard input is a pipe from the owner. The system closes the pipe however the owner ends, the shell's `read`
/// returns, and it does what Drop would have done.
#[derive(Debug)]
pub(crate) struct Watchdog {
    shell: Child,
    _pipe: Option<ChildStdin>,
}

impl Watchdog {
    const SCRIPT: &'static str = "read -r _; kill -TERM \"$1\" 2>/dev/null || exit 0; n=0; \
        while [ $n -lt 60 ] && kill -0 \"$1\" 2>/dev/null; \
        do n=$((n+1)); [ $n -eq 40 ] && kill -KILL \"$1\"; sleep 0.25; done";

    /// Guards the process, a child of this one that was not waited for yet.
    pub(crate) fn start(pid: u32) -> Result<Watchdog, KafkaError> {
        let mut shell = Command::new("sh")
            .args(["-c", Watchdog::SCRIPT, "broker-watchdog"])
            .arg(pid.to_string())
            .stdin(Stdio::piped())
            .stdout(Stdio::null())
            .stderr(Stdio::null())
            .process_group(0)
            .spawn()
            .map_err(|source| KafkaError::io("start", Path::new("sh"), source))?;
        let pipe = shell.stdin.take();
        Ok(Watchdog { shell, _pipe: pipe })
    }
}

impl Drop for Watchdog {
    fn drop(&mut self) {
        // Before the pipe closes: the broker may live on, or its id may be somebody else's by now.
        let _ = self.shell.kill();
        let _ = self.shell.wait();
    }
}

/// The argument that marks a broker's process.
pub(super) fn mark_of(broker_dir: &Path) -> OsString {
    let mut mark = OsString::from(MARK);
    mark.push(broker_dir);
    mark
}

fn to_pid(pid: u32) -> Option<Pid> {
    // 0 and negative numbers would address whole groups.
    i32::try_from(pid).ok().filter(|&pid| pid > 0).and_then(Pid::from_raw)
}

/// True when a process of that id exists, whoever it is.
pub(crate) fn process_exists(pid: u32) -> bool {
    match to_pid(pid).map(rustix::process::test_kill_process) {
        Some(Ok(()) | Err(rustix::io::Errno::PERM)) => true,
        Some(Err(_)) | None => false,
    }
}

/// True when the process runs and has `argument` on its command line.
fn command_line_has(pid: u32, argument: &OsStr) -> bool {
    let proc = PathBuf::from(format!("/proc/{pid}"));
    if Path::new("/proc/self/cmdline").exists() {
        // A process that ended but was not waited for yet has an empty command line.
        return fs::read(proc.join("cmdline")).is_ok_and(|line| {
            line.split(|&byte| byte == 0)
                .any(|part| part == argument.as_encoded_bytes())
        });
    }
    // No /proc: macOS.
    Command::new("ps")
        .args(["-ww", "-o", "command=", "-p"])
        .arg(pid.to_string())
        .output()
        .is_ok_and(|output| String::from_utf8_lossy(&output.stdout).contains(&*argument.to_string_lossy()))
}
