//! What the process uses, under the names that Prometheus' client libraries have for it. Linux tells it in
//! `/proc/self`; what can't be read is left out.

use std::{fs, sync::LazyLock};

use prometheus::{Counter, IntGauge, core::Collector, proto::MetricFamily};
use rlimit::Resource;
use service::clock;

/// Linux counts processor time in hundredths of a second, whatever its own clock is.
const TICKS_PER_SECOND: f64 = 100.0;

static STARTED: LazyLock<i64> = LazyLock::new(|| clock::now().timestamp());

/// Remembers that the process starts now.
pub(super) fn start() {
    LazyLock::force(&STARTED);
}

/// The metrics of this process.
///
/// # Errors
/// If a metric is not declared correctly.
pub(super) fn collect() -> prometheus::Result<Vec<MetricFamily>> {
    let max_files = Resource::NOFILE.get().ok().and_then(|(files, _)| files.try_into().ok());
    let gauges = [
        ("process_start_time_seconds", "When the process started, since 1970", Some(*STARTED)),
        ("process_resident_memory_bytes", "Memory in use", resident_memory()),
        ("process_open_fds", "Open files", open_files()),
        ("process_max_fds", "The limit on open files", max_files),
    ];
    let mut families = Vec::new();
    for (name, help, value) in gauges {
        let gauge = IntGauge::new(name, help)?;
        if let Some(value) = value {
            gauge.set(value);
            families.extend(gauge.collect());
        }
    }
    let processor = Counter::new("process_cpu_seconds_total", "Processor time used")?;
    if let Some(seconds) = processor_time() {
        processor.inc_by(seconds);
        families.extend(processor.collect());
    }
    Ok(families)
}

/// In bytes.
fn resident_memory() -> Option<i64> {
    let status = fs::read_to_string("/proc/self/status").ok()?;
    let size = status.lines().find_map(|line| line.strip_prefix("VmRSS:"))?;
    let kib: i64 = size.trim().strip_suffix(" kB")?.parse().ok()?;
    Some(kib * 1024)
}

fn open_files() -> Option<i64> {
    fs::read_dir("/proc/self/fd").ok()?.count().try_into().ok()
}

/// In seconds, for the program and for the system on its behalf.
fn processor_time() -> Option<f64> {
    let stat = fs::read_to_string("/proc/self/stat").ok()?;
    // The name of the program, in parentheses, may have spaces. Two fields are before it.
    let mut fields = stat.rsplit_once(')')?.1.split_whitespace().skip(11);
    let program: f64 = fields.next()?.parse().ok()?;
    let system: f64 = fields.next()?.parse().ok()?;
    Some((program + system) / TICKS_PER_SECOND)
}
