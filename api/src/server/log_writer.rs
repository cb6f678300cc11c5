use std::{
    io::{self, ErrorKind, Write},
    mem,
    sync::{Arc, Condvar, Mutex, MutexGuard, PoisonError},
    thread,
    time::Duration,
};

use crate::http::metrics::count_lost_log_lines;

/// How much of the log may wait to be written.
const CAPACITY: usize = 1024 * 1024;

/// How long the end of the process waits for the rest of the log.
const PATIENCE: Duration = Duration::from_secs(1);

/// Writes the log on a thread of its own: the service does not wait for whoever reads it. What exceeds the
/// capacity, or can't be written, is lost, and counted.
#[derive(Clone, Default)]
pub(crate) struct LogWriter(Arc<Shared>);

#[derive(Default)]
struct Shared {
    pending: Mutex<Pending>,
    changed: Condvar,
}

#[derive(Default)]
struct Pending {
    lines: Vec<u8>,
    is_writing: bool,
    lost: u64,
}

impl LogWriter {
    /// Starts writing to `out`.
    ///
    /// # Errors
    /// If the thread can't be started.
    pub(super) fn start(out: impl Write + Send + 'static) -> io::Result<Self> {
        let writer = Self::default();
        let shared = writer.0.clone();
        thread::Builder::new().name("log".into()).spawn(move || shared.keep_writing(out))?;
        Ok(writer)
    }

    /// Waits until everything is written, for a limited time.
    pub(crate) fn finish(&self) {
        let is_busy = |pending: &mut Pending| pending.is_writing || !pending.lines.is_empty();
        // The rest is lost when nobody reads it in time.
        let _ = self.0.changed.wait_timeout_while(self.0.pending(), PATIENCE, is_busy);
    }
}

impl Write for LogWriter {
    /// Takes a line, or loses it.
    fn write(&mut self, line: &[u8]) -> io::Result<usize> {
        let mut pending = self.0.pending();
        if pending.lines.len() + line.len() > CAPACITY {
            pending.lost += 1;
            count_lost_log_lines(1);
        } else {
            pending.lines.extend_from_slice(line);
            self.0.changed.notify_all();
        }
        Ok(line.len())
    }

    fn flush(&mut self) -> io::Result<()> {
        Ok(())
    }
}

impl Shared {
    fn keep_writing(&self, mut out: impl Write) {
        // Whether the last line was written in part.
        let mut is_cut = false;
        loop {
            let lines = self.next_lines();
            if is_cut && write(&mut out, b"\n") > 0 {
                is_cut = false;
            }
            let written = if is_cut { 0 } else { write(&mut out, &lines) };
            let (written, rest) = lines.split_at(written);
            is_cut |= written.last().is_some_and(|&last| last != b'\n');
            let lost = self.have_written(rest);
            if lost > 0 {
                log::warn!(lost; "log lines were lost: the log was not read, or could not be written");
            }
        }
    }

    fn next_lines(&self) -> Vec<u8> {
        let is_empty = |pending: &mut Pending| pending.lines.is_empty();
        let waited = self.changed.wait_while(self.pending(), is_empty);
        let mut pending = waited.unwrap_or_else(PoisonError::into_inner);
        pending.is_writing = true;
        mem::take(&mut pending.lines)
    }

    /// Returns how many lines were lost since that was last reported, or 0 if some could not be written just now.
    fn have_written(&self, rest: &[u8]) -> u64 {
        let failed = rest.split(|&byte| byte == b'\n').skip(1).count() as u64;
        count_lost_log_lines(failed);
        let mut pending = self.pending();
        pending.is_writing = false;
        pending.lost += failed;
        self.changed.notify_all();
        if failed == 0 { mem::take(&mut pending.lost) } else { 0 }
    }

    fn pending(&self) -> MutexGuard<'_, Pending> {
        self.pending.lock().unwrap_or_else(PoisonError::into_inner)
    }
}

/// Writes these bytes, or as many of them as it can, and returns how many that is.
fn write(out: &mut impl Write, bytes: &[u8]) -> usize {
    let mut written = 0;
    while let Some(rest) = bytes.get(written..).filter(|rest| !rest.is_empty()) {
        match out.write(rest) {
            Err(error) if error.kind() == ErrorKind::Interrupted => {}
            Ok(0) | Err(_) => break,
            Ok(more) => written += more,
        }
    }
    written
}

#[cfg(test)]
mod tests {
    use std::sync::mpsc::{Receiver, Sender, channel};

    use super::*;

    /// A reader that takes each line only when it is told to.
    struct Stalled {
        go_on: Receiver<()>,
        written: Sender<Vec<u8>>,
    }

    impl Write for Stalled {
        fn write(&mut self, lines: &[u8]) -> io::Result<usize> {
            let _ = self.go_on.recv();
            let _ = self.written.send(lines.to_vec());
            Ok(lines.len())
        }

        fn flush(&mut self) -> io::Result<()> {
            Ok(())
        }
    }

    #[test]
    fn a_log_that_nobody_reads_is_bounded_and_goes_on_when_it_is_read() {
        let ((go, go_on), (written, lines)) = (channel(), channel());
        let mut writer = LogWriter::start(Stalled { go_on, written }).unwrap();
        writer.write_all(b"first\n").unwrap();
        for _ in 0..3 * CAPACITY / 8 {
            writer.write_all(b"another\n").unwrap();
        }
        assert!(writer.0.pending().lines.len() <= CAPACITY);
        assert!(writer.0.pending().lost > 0);
        drop(go);
        writer.finish();
        let written: Vec<u8> = lines.try_iter().flatten().collect();
        assert!(written.starts_with(b"first\n") && written.len() > CAPACITY / 2);
    }

    /// A disk with space for this many bytes.
    #[derive(Clone, Default)]
    struct Disk(Arc<Mutex<(Vec<u8>, usize)>>);

    impl Write for Disk {
        fn write(&mut self, bytes: &[u8]) -> io::Result<usize> {
            let (written, space) = &mut *self.0.lock().unwrap();
            let fits = bytes.len().min(*space);
            if fits == 0 {
                return Err(ErrorKind::StorageFull.into());
            }
            *space -= fits;
            written.extend_from_slice(&bytes[..fits]);
            Ok(fits)
        }

        fn flush(&mut self) -> io::Result<()> {
            Ok(())
        }
    }

    #[test]
    fn lines_that_do_not_fit_on_the_disk_are_counted_and_cut_no_later_one() {
        let disk = Disk::default();
        let mut writer = LogWriter::start(disk.clone()).unwrap();
        let mut write = |line: &[u8], space| {
            disk.0.lock().unwrap().1 = space;
            writer.write_all(line).unwrap();
            writer.finish();
            writer.0.pending().lost
        };
        assert_eq!(write(b"one\n", 99), 0);
        assert_eq!(write(b"two\n", 2), 1);
        assert_eq!(write(b"three\n", 0), 2);
        assert_eq!(write(b"four\n", 99), 0);
        assert_eq!(disk.0.lock().unwrap().0, b"one\ntw\nfour\n");
    }
}
