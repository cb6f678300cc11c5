use std::{
    io::{self, Write},
    mem,
    sync::{Arc, Condvar, Mutex, MutexGuard, PoisonError},
    thread,
    time::Duration,
};

use crate::http::metrics::count_lost_log_line;

/// How much of the log may wait to be written.
const CAPACITY: usize = 1024 * 1024;

/// How long the end of the process waits for the rest of the log.
const PATIENCE: Duration = Duration::from_secs(1);

/// Writes the log on a thread of its own: the service does not wait for whoever reads it. What exceeds the
/// capacity is lost, and counted.
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
            count_lost_log_line();
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
        loop {
            let lines = self.next_lines();
            // There is nowhere left to report that the log can't be written.
            let _ = out.write_all(&lines);
            let lost = self.have_written();
            if lost > 0 {
                log::warn!(lost; "log lines were lost, since nobody read the log");
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

    /// Returns how many lines were lost meanwhile.
    fn have_written(&self) -> u64 {
        let mut pending = self.pending();
        pending.is_writing = false;
        self.changed.notify_all();
        mem::take(&mut pending.lost)
    }

    fn pending(&self) -> MutexGuard<'_, Pending> {
        self.pending.lock().unwrap_or_else(PoisonError::into_inner)
    }
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
}
