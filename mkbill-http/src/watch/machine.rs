//! What the system tells of the machine and of this process.

use std::fs;
use std::path::PathBuf;

/// How much of something there is, and how much of it is taken.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) struct Room {
    pub(crate) used_bytes: u64,
    pub(crate) total_bytes: u64,
}

impl Room {
    /// How much is taken, in whole percent and rounded up.
    pub(crate) fn used_percent(self) -> u64 {
        self.used_bytes.saturating_mul(100).div_ceil(self.total_bytes.max(1))
    }
}

/// What the system tells; none where it does not.
#[derive(Debug, Clone, Copy, Default)]
pub(crate) struct Machine {
    /// The disk that holds the data.
    pub(crate) disk: Option<Room>,
    /// The memory of this process, of what it may have.
    pub(crate) memory: Option<Room>,
}

/// Asks the system. A disk may take its time, so this runs beside what answers requests.
pub(crate) async fn look(folder: Option<PathBuf>) -> Machine {
    let folder = folder.unwrap_or_else(|| PathBuf::from("."));
    let looked =
        tokio::task::spawn_blocking(move || Machine { disk: disk(&folder), memory: memory() });
    looked.await.unwrap_or_default()
}

/// What is free for others than root counts as free.
#[cfg(unix)]
fn disk(folder: &std::path::Path) -> Option<Room> {
    let told = rustix::fs::statvfs(folder).ok()?;
    let used = told.f_blocks.saturating_sub(told.f_bfree);
    let total = used.saturating_add(told.f_bavail);
    let bytes = |blocks: u64| blocks.saturating_mul(told.f_frsize);
    Some(Room { used_bytes: bytes(used), total_bytes: bytes(total) })
}

#[cfg(not(unix))]
fn disk(_: &std::path::Path) -> Option<Room> {
    None
}

/// From files that Linux has; a limit of the control group is below what the machine has.
fn memory() -> Option<Room> {
    let used = kib(&fs::read_to_string("/proc/self/status").ok()?, "VmRSS:")?;
    let machine = kib(&fs::read_to_string("/proc/meminfo").ok()?, "MemTotal:")?;
    let limit = fs::read_to_string("/sys/fs/cgroup/memory.max").ok();
    let limit = limit.and_then(|text| text.trim().parse().ok()).unwrap_or(u64::MAX);
    Some(Room { used_bytes: used, total_bytes: machine.min(limit) })
}

/// The bytes of a line that tells so many `kB`.
fn kib(text: &str, name: &str) -> Option<u64> {
    let line = text.lines().find_map(|line| line.strip_prefix(name))?;
    let count: u64 = line.trim().strip_suffix(" kB")?.trim().parse().ok()?;
    count.checked_mul(1024)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn percents_are_rounded_up() {
        let percent = |used_bytes, total_bytes| Room { used_bytes, total_bytes }.used_percent();
        assert_eq!([percent(80, 100), percent(801, 1000), percent(0, 0)], [80, 81, 0]);
    }

    #[test]
    fn a_line_of_kibibytes_is_read() {
        assert_eq!(kib("a: 1 kB\nVmRSS:\t   12 kB\n", "VmRSS:"), Some(12 << 10));
        assert_eq!(kib("VmRSS: twelve kB", "VmRSS:"), None);
    }

    #[tokio::test]
    async fn linux_tells_of_disk_and_memory() {
        let machine = look(None).await;
        if cfg!(target_os = "linux") {
            let (disk, memory) = (machine.disk.unwrap(), machine.memory.unwrap());
            assert!(disk.total_bytes >= disk.used_bytes, "{disk:?}");
            assert!(memory.used_bytes > 1 << 20 && memory.used_percent() < 100, "{memory:?}");
        }
    }
}
