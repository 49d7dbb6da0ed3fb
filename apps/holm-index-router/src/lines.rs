//! A worker's output, line by line.

use tokio::io::{AsyncBufRead, AsyncBufReadExt};

/// Longest line that is passed on, in bytes: more than any log line means to be, and what one worker's
/// output can make the router hold. The rest of a longer line is dropped.
const LINE_BYTES_MAX: usize = 64 * 1024;

/// Reads lines without holding more than one of them.
pub(crate) struct Lines<R> {
    reader: R,
    line: Vec<u8>,
}

impl<R: AsyncBufRead + Unpin> Lines<R> {
    pub(crate) fn new(reader: R) -> Self {
        Self { reader, line: Vec::new() }
    }

    /// The next line without its end; bytes that are not UTF-8 are replaced. `None` at the end of the
    /// output, and when it can no longer be read.
    pub(crate) async fn next(&mut self) -> Option<String> {
        self.line.clear();
        let mut read = false;
        loop {
            let bytes = self.reader.fill_buf().await.ok().filter(|bytes| !bytes.is_empty());
            let Some(bytes) = bytes else {
                return read.then(|| self.text());
            };
            read = true;
            let end = bytes.iter().position(|byte| *byte == b'\n');
            let part = &bytes[..end.unwrap_or(bytes.len())];
            let room = LINE_BYTES_MAX - self.line.len();
            self.line.extend_from_slice(&part[..part.len().min(room)]);
            let used = part.len() + usize::from(end.is_some());
            self.reader.consume(used);
            if end.is_some() {
                return Some(self.text());
            }
        }
    }

    fn text(&self) -> String {
        let line = self.line.strip_suffix(b"\r").unwrap_or(&self.line);
        String::from_utf8_lossy(line).into_owned()
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use tokio::io::BufReader;

    async fn lines(input: &[u8], buffer: usize) -> Vec<String> {
        let mut lines = Lines::new(BufReader::with_capacity(buffer, input));
        let mut all = Vec::new();
        while let Some(line) = lines.next().await {
            all.push(line);
        }
        all
    }

    #[tokio::test]
    async fn lines_end_where_they_end() {
        for buffer in [1, 3, 4096] {
            assert_eq!(lines(b"a\n\nbc\r\nd", buffer).await, ["a", "", "bc", "d"]);
            assert_eq!(lines(b"", buffer).await, [""; 0]);
            assert_eq!(lines(b"\xff\n", buffer).await, ["\u{fffd}"]);
        }
    }

    #[tokio::test]
    async fn a_long_line_is_cut_and_the_next_is_whole() {
        let mut input = vec![b'x'; LINE_BYTES_MAX + 10];
        input.extend_from_slice(b"\nnext\n");
        let lines = lines(&input, 1000).await;
        assert_eq!(lines[0].len(), LINE_BYTES_MAX);
        assert_eq!(lines[1], "next");
    }
}
