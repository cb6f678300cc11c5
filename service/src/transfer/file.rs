use std::{
    fs::{File, OpenOptions},
    io::{self, BufRead, BufReader, BufWriter, Read, Write},
    iter,
    os::unix::fs::OpenOptionsExt,
    path::Path,
};

use sha2::{Digest, Sha256};

use super::{
    Transferred,
    line::{End, Header, Line},
};
use crate::{Error, Result, bulk::Counts};

/// What the first line says.
const FORMAT: &str = "teamnotes export";
const VERSION: u32 = 1;

/// No row is longer, in bytes: a note has at most 10,000 characters.
const LONGEST_LINE: u64 = 1 << 20;

/// Of `zstd`, which calls it its default.
const COMPRESSION: i32 = 3;

/// The first bytes of a compressed file (RFC 8878, section 3.1.1).
const ZSTD_MAGIC: [u8; 4] = [0x28, 0xb5, 0x2f, 0xfd];

/// A file that is being written, line by line.
pub(super) struct Writer {
    output: Output,
    lines: Checked,
}

enum Output {
    Plain(BufWriter<File>),
    Compressed(zstd::Encoder<'static, BufWriter<File>>),
}

impl Writer {
    /// Makes the file, for its owner only: password hashes are in there. It is compressed when its
    /// name ends in `.zst`.
    pub(super) fn create(path: &Path) -> Result<Self> {
        let mut new = OpenOptions::new();
        let made = new.write(true).create_new(true).mode(0o600).open(path);
        let file = made.map_err(|error| invalid(format!("can't be made: {error}")))?;
        let plain = BufWriter::new(file);
        let output = if path.extension().is_some_and(|extension| extension == "zst") {
            Output::Compressed(zstd::Encoder::new(plain, COMPRESSION).map_err(unwritten)?)
        } else {
            Output::Plain(plain)
        };
        let mut writer = Self { output, lines: Checked::default() };
        writer.write(&Line::Header(Header { format: FORMAT.into(), version: VERSION }))?;
        Ok(writer)
    }

    pub(super) fn write(&mut self, line: &Line) -> Result<()> {
        let mut json = serde_json::to_vec(line).map_err(Error::internal)?;
        json.push(b'\n');
        self.lines.add(line, &json);
        match &mut self.output {
            Output::Plain(file) => file.write_all(&json),
            Output::Compressed(file) => file.write_all(&json),
        }
        .map_err(unwritten)
    }

    /// Writes the last line, and all of it to the disk.
    pub(super) fn finish(mut self) -> Result<Transferred> {
        let transferred = self.lines.transferred();
        let Transferred { counts, sha256 } = transferred.clone();
        self.write(&Line::End(End { counts, sha256 }))?;
        let plain = match self.output {
            Output::Plain(file) => file,
            Output::Compressed(file) => file.finish().map_err(unwritten)?,
        };
        let file = plain.into_inner().map_err(|error| unwritten(error.into_error()))?;
        file.sync_all().map_err(unwritten)?;
        Ok(transferred)
    }
}

/// A file that is being read, line by line. Each line is in its place, and the last one is that of
/// all the others: who has read to the end has read what was written.
pub(super) struct Reader {
    input: Box<dyn BufRead + Send>,
    lines: Checked,
    number: u64,
    rank: u8,
    is_over: bool,
    /// Read, and of another kind than was asked for.
    ahead: Option<Line>,
}

impl Reader {
    /// Opens the file, compressed or not, and reads its first line.
    pub(super) fn open(path: &Path) -> Result<Self> {
        let mut file = File::open(path)
            .map(BufReader::new)
            .map_err(|error| invalid(format!("can't be read: {error}")))?;
        let is_compressed = file.fill_buf().map_err(unreadable)?.starts_with(&ZSTD_MAGIC);
        let input: Box<dyn BufRead + Send> = if is_compressed {
            Box::new(BufReader::new(zstd::Decoder::with_buffer(file).map_err(unreadable)?))
        } else {
            Box::new(file)
        };
        let mut reader = Self {
            input,
            lines: Checked::default(),
            number: 0,
            rank: 0,
            is_over: false,
            ahead: None,
        };
        reader.header()?;
        Ok(reader)
    }

    fn header(&mut self) -> Result<()> {
        let foreign = || invalid("is no export of Teamnotes");
        let json = self.json().map_err(|_| foreign())?;
        match serde_json::from_slice(&json) {
            Ok(Line::Header(Header { format, version: VERSION })) if format == FORMAT => {
                self.lines.hash.update(&json);
                Ok(())
            }
            Ok(Line::Header(Header { format, version })) if format == FORMAT => {
                Err(invalid(format!("is of version {version}, and this reads version {VERSION}")))
            }
            _ => Err(foreign()),
        }
    }

    /// The rows that come next and are of one kind.
    pub(super) fn rows<A>(&mut self) -> impl Iterator<Item = Result<A>>
    where
        A: TryFrom<Line, Error = Line>,
    {
        iter::from_fn(|| self.row().transpose())
    }

    fn row<A>(&mut self) -> Result<Option<A>>
    where
        A: TryFrom<Line, Error = Line>,
    {
        let line = match self.ahead.take() {
            None => self.next()?,
            ahead => ahead,
        };
        match line.map(A::try_from) {
            Some(Err(other)) => {
                self.ahead = Some(other);
                Ok(None)
            }
            row => Ok(row.and_then(std::result::Result::ok)),
        }
    }

    /// The next row; none when the file is over, and is whole.
    pub(super) fn next(&mut self) -> Result<Option<Line>> {
        if self.is_over {
            return Ok(None);
        }
        let json = self.json()?;
        let number = self.number;
        let line: Line = serde_json::from_slice(&json)
            .map_err(|error| invalid(format!("has no row in line {number}: {error}")))?;
        if line.rank() < self.rank.max(1) {
            return Err(invalid(format!("has line {number} in the wrong place")));
        }
        self.rank = line.rank();
        if let Line::End(end) = line {
            self.is_over = true;
            return self.check(end).map(|()| None);
        }
        self.lines.add(&line, &json);
        Ok(Some(line))
    }

    /// A line with its end.
    fn json(&mut self) -> Result<Vec<u8>> {
        let mut json = Vec::new();
        let mut bounded = self.input.by_ref().take(LONGEST_LINE);
        bounded.read_until(b'\n', &mut json).map_err(unreadable)?;
        self.number += 1;
        match json.last() {
            Some(b'\n') => Ok(json),
            _ if json.len() as u64 == LONGEST_LINE => {
                Err(invalid(format!("has a line {} that is too long", self.number)))
            }
            _ => Err(invalid("was cut off: it has no last line")),
        }
    }

    fn check(&mut self, end: End) -> Result<()> {
        let Transferred { counts, sha256 } = self.lines.transferred();
        if end.counts != counts || end.sha256 != sha256 {
            return Err(invalid("was altered: its rows are not those of its last line"));
        }
        match self.input.fill_buf().map_err(unreadable)? {
            [] => Ok(()),
            _ => Err(invalid("was altered: it goes on after its last line")),
        }
    }

    /// What was read so far.
    pub(super) fn transferred(&self) -> Transferred {
        self.lines.transferred()
    }
}

/// What a file's last line says of the others.
#[derive(Default)]
struct Checked {
    hash: Sha256,
    counts: Counts,
}

impl Checked {
    fn add(&mut self, line: &Line, json: &[u8]) {
        self.hash.update(json);
        line.count(&mut self.counts);
    }

    fn transferred(&self) -> Transferred {
        let digest = self.hash.clone().finalize();
        let sha256 = digest.iter().map(|byte| format!("{byte:02x}")).collect();
        Transferred { counts: self.counts.clone(), sha256 }
    }
}

fn invalid(detail: impl Into<String>) -> Error {
    Error::invalid("file", detail)
}

fn unwritten(error: io::Error) -> Error {
    invalid(format!("can't be written: {error}"))
}

fn unreadable(error: io::Error) -> Error {
    invalid(format!("was cut off, or can't be read: {error}"))
}
