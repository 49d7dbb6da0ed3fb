//! Tables for people.

use std::io::{self, Write};

use holm_wire::Shown;

/// Prints a table whose first row names its columns. What another node wrote stays on its line.
pub(super) fn print_table<const COLUMNS: usize>(rows: &[[String; COLUMNS]]) -> io::Result<()> {
    let rows: Vec<_> =
        rows.iter().map(|row| row.each_ref().map(|cell| Shown(cell).to_string())).collect();
    let width = |column: usize| rows.iter().map(|row| row[column].chars().count()).max();
    let widths: [usize; COLUMNS] = std::array::from_fn(|column| width(column).unwrap_or(0));
    let mut out = io::stdout().lock();
    for row in rows {
        let cells = row.iter().zip(widths).map(|(cell, width)| format!("{cell:width$}"));
        writeln!(out, "{}", cells.collect::<Vec<_>>().join("  ").trim_end())?;
    }
    out.flush()
}
