//! What the machine says of processes.

use std::fs;
use std::time::Duration;

/// Linux counts processor time for programs in hundredths of a second on every machine.
const TICK: Duration = Duration::from_millis(10);

/// CPU time that this process has used, in user mode and in the kernel, over all its threads.
pub(crate) fn cpu_time() -> Duration {
    let text = fs::read_to_string("/proc/self/stat").expect("Linux tells");
    let (_, fields) = text.rsplit_once(") ").expect("the name of the program stands in brackets");
    // User and kernel time are the 14th and 15th field; the third is the first here.
    let ticks = fields.split(' ').skip(11).take(2);
    ticks.map(|count| TICK * count.parse::<u32>().expect("a count of ticks")).sum()
}

/// Memory of a process that is in RAM, in KiB.
pub(crate) fn resident_kib(process: u32) -> u64 {
    let text = fs::read_to_string(format!("/proc/{process}/status")).expect("it is running");
    let line = text.lines().find_map(|line| line.strip_prefix("VmRSS:")).expect("Linux tells");
    line.trim().trim_end_matches(" kB").parse().expect("a count of KiB")
}
