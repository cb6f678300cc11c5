use std::{
    fs::{File, OpenOptions},
    io::{self, BufRead, BufReader, BufWriter, ErrorKind, Read, Seek, Write},
    iter,
    os::unix::fs::OpenOptionsExt,
    path::{Path, PathBuf},
};

use sha2::{Digest, Sha256};

use super::{
    FileError, TransferError, Transferred,
    line::{End, Header, Line},
    rows::VERSION,
};
use crate::{Error, PasswordCost, bulk::Counts};

/// The format named in the first line.
const FORMAT: &str = "teamnotes export";

/// An upper bound on the length of a line, in bytes: a note has at most 10,000 characters.
const LONGEST_LINE: u64 = 1 << 20;

/// The default level of `zstd`.
const COMPRESSION: i32 = 3;

type Result<T> = std::result::Result<T, TransferError>;

/// The first bytes of a compressed file (RFC 8878, section 3.1.1).
const ZSTD_MAGIC: [u8; 4] = [0x28, 0xb5, 0x2f, 0xfd];

/// A file that is being written, line by line.
pub(super) struct Writer {
    path: PathBuf,
    output: Output,
    lines: Checked,
}

enum Output {
    Plain(BufWriter<File>),
    Compressed(zstd::Encoder<'static, BufWriter<File>>),
}

impl Writer {
    /// Creates the file. Only its owner can read it, since it has password hashes. It is compressed if
    /// its name ends in `.zst`.
    pub(super) fn create(path: &Path) -> Result<Self> {
        let failed = |problem: FileError| named(path, problem);
        let mut new = OpenOptions::new();
        let created = new.write(true).create_new(true).mode(0o600).open(path);
        let plain = BufWriter::new(created.map_err(|error| failed(FileError::Create(error)))?);
        let output = if path.extension().is_some_and(|extension| extension == "zst") {
            let encoder = zstd::Encoder::new(plain, COMPRESSION);
            Output::Compressed(encoder.map_err(|error| failed(FileError::Write(error)))?)
        } else {
            Output::Plain(plain)
        };
        Self::start(output, path)
    }

    /// Writes to something that is open already.
    pub(super) fn plain(output: File, name: &Path) -> Result<Self> {
        Self::start(Output::Plain(BufWriter::new(output)), name)
    }

    fn start(output: Output, path: &Path) -> Result<Self> {
        let mut writer = Self { path: path.into(), output, lines: Checked::default() };
        writer.write(&Line::Header(Header { format: FORMAT.into(), version: VERSION }))?;
        Ok(writer)
    }

    pub(super) fn write(&mut self, line: &Line) -> Result<()> {
        let mut json = serde_json::to_vec(line).map_err(Error::internal)?;
        json.push(b'\n');
        self.lines.add(line, &json);
        let written = match &mut self.output {
            Output::Plain(file) => file.write_all(&json),
            Output::Compressed(file) => file.write_all(&json),
        };
        written.map_err(|error| named(&self.path, FileError::Write(error)))
    }

    /// Writes the last line, and flushes everything to disk.
    pub(super) fn finish(mut self) -> Result<Transferred> {
        let transferred = self.lines.transferred();
        let Transferred { counts, sha256 } = transferred.clone();
        self.write(&Line::End(End { counts, sha256 }))?;
        self.output.close().map_err(|error| named(&self.path, FileError::Write(error)))?;
        Ok(transferred)
    }
}

impl Output {
    fn close(self) -> io::Result<()> {
        let plain = match self {
            Self::Plain(file) => file,
            Self::Compressed(file) => file.finish()?,
        };
        let file = plain.into_inner().map_err(io::IntoInnerError::into_error)?;
        match file.metadata()?.is_file() {
            true => file.sync_all(),
            // A pipe, for instance.
            false => Ok(()),
        }
    }
}

/// A file that is being read, line by line. Lines must be in order, and the last one must match
/// all the others: a file that was read to its end is the one that was written.
pub(super) struct Reader {
    path: PathBuf,
    input: Box<dyn BufRead + Send>,
    /// The highest cost of a password hash.
    most: PasswordCost,
    lines: Checked,
    number: u64,
    rank: u8,
    is_over: bool,
    /// A line that was read, but is of another kind than requested.
    ahead: Option<Line>,
}

impl Reader {
    /// Starts with the first line of the file, which may be compressed. Errors call it `path`. Rejects hashes that cost
    /// more than `most`.
    pub(super) fn start(file: &File, path: &Path, most: PasswordCost) -> Result<Self> {
        let input = decoded(file).map_err(|error| named(path, unreadable(error)))?;
        let mut reader = Self {
            path: path.into(),
            input,
            most,
            lines: Checked::default(),
            number: 0,
            rank: 0,
            is_over: false,
            ahead: None,
        };
        reader.header().map_err(|problem| named(path, problem))?;
        Ok(reader)
    }

    fn header(&mut self) -> std::result::Result<(), FileError> {
        let json = self.json().map_err(|_json| FileError::Foreign)?;
        match serde_json::from_slice(&json) {
            Ok(Line::Header(Header { format, version: 1..=VERSION })) if format == FORMAT => {
                self.lines.hash.update(&json);
                Ok(())
            }
            Ok(Line::Header(Header { format, version })) if format == FORMAT => {
                Err(FileError::Version(version))
            }
            _ => Err(FileError::Foreign),
        }
    }

    /// The next rows of one kind.
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

    /// The next row; `None` at the end of a complete file.
    pub(super) fn next(&mut self) -> Result<Option<Line>> {
        self.read().map_err(|problem| named(&self.path, problem))
    }

    fn read(&mut self) -> std::result::Result<Option<Line>, FileError> {
        if self.is_over {
            return Ok(None);
        }
        let json = self.json()?;
        let number = self.number;
        let line: Line = serde_json::from_slice(&json)
            .map_err(|source| FileError::Row { line: number, source })?;
        if matches!(&line, Line::User(user) if user.costs_more_than(self.most)) {
            return Err(FileError::Costly { line: number });
        }
        let is_repeated = matches!(line, Line::LastIds(_)) && line.rank() == self.rank;
        if line.rank() < self.rank.max(1) || is_repeated {
            return Err(FileError::Misplaced { line: number });
        }
        self.rank = line.rank();
        if let Line::End(end) = line {
            self.is_over = true;
            return self.check(&end).map(|()| None);
        }
        self.lines.add(&line, &json);
        Ok(Some(line))
    }

    /// A line, including its line break.
    fn json(&mut self) -> std::result::Result<Vec<u8>, FileError> {
        let mut json = Vec::new();
        let mut bounded = self.input.by_ref().take(LONGEST_LINE);
        bounded.read_until(b'\n', &mut json).map_err(unreadable)?;
        self.number += 1;
        match json.last() {
            Some(b'\n') => Ok(json),
            _ if json.len() as u64 == LONGEST_LINE => Err(FileError::TooLong { line: self.number }),
            _ => Err(FileError::Truncated),
        }
    }

    fn check(&mut self, end: &End) -> std::result::Result<(), FileError> {
        let Transferred { counts, sha256 } = self.lines.transferred();
        if end.counts != counts || end.sha256 != sha256 {
            return Err(FileError::Altered);
        }
        match self.input.fill_buf().map_err(unreadable)? {
            [] => Ok(()),
            _ => Err(FileError::Trailing),
        }
    }

    /// What has been read so far.
    pub(super) fn transferred(&self) -> Transferred {
        self.lines.transferred()
    }
}

/// What a file's last line says about the others.
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

/// Opens a file to read.
pub(super) fn open(path: &Path) -> Result<File> {
    File::open(path).map_err(|error| named(path, FileError::Read(error)))
}

/// What is in the file, compressed or not, from its start.
fn decoded(file: &File) -> io::Result<Box<dyn BufRead + Send>> {
    let mut file = file.try_clone()?;
    file.rewind()?;
    let mut file = BufReader::new(file);
    let is_compressed = file.fill_buf()?.starts_with(&ZSTD_MAGIC);
    Ok(if is_compressed {
        Box::new(BufReader::new(zstd::Decoder::with_buffer(file)?))
    } else {
        Box::new(file)
    })
}

fn named(path: &Path, source: FileError) -> TransferError {
    TransferError::File { path: path.into(), source }
}

/// Truncated compressed data gives this error.
fn unreadable(error: io::Error) -> FileError {
    match error.kind() {
        ErrorKind::UnexpectedEof => FileError::Truncated,
        _ => FileError::Read(error),
    }
}
