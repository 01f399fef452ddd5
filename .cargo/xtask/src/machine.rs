//! What the machine says of itself.

use std::fs;
use std::process::Command;

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
