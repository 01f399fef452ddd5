//! What the machine says of itself and of this process.

use std::fs;
use std::process::Command;
use std::time::Duration;

/// Linux counts processor time for programs in hundredths of a second on every machine.
const TICK: Duration = Duration::from_millis(10);

/// What the figures were taken on, as a markdown list.
pub(crate) fn facts() -> String {
    let cores = std::thread::available_parallelism().map_or(0, usize::from);
    let load = fs::read_to_string("/proc/loadavg").unwrap_or_default();
    let load = load.split(' ').next().unwrap_or_default();
    format!(
        "- made by `cargo xtask bench`\n- processor: {cores} × {}\n- load before the start: {load}\n\
         - {}, profile `bench`, the same as `release`",
        processor(),
        compiler(),
    )
}

fn processor() -> String {
    let text = fs::read_to_string("/proc/cpuinfo").unwrap_or_default();
    let model = text.lines().find_map(|line| line.strip_prefix("model name"));
    let model = model.and_then(|rest| rest.split_once(':')).map(|(_, name)| name.trim());
    model.unwrap_or("unknown").to_owned()
}

fn compiler() -> String {
    let said = Command::new("rustc").arg("--version").output();
    let said = said.map(|output| String::from_utf8_lossy(&output.stdout).trim().to_owned());
    said.unwrap_or_else(|_| "rustc unknown".to_owned())
}

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
