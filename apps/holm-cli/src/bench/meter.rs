//! Repeats a piece of work until it can be timed, and reports the median.

use std::future::Future;
use std::time::Duration;

use super::Measure;

/// How much of a section's length the warm-up takes at least, and how much longer than
/// asked a section is planned, so that few come out too short.
const WARM_UP: f64 = 0.4;
const MARGIN: f64 = 1.15;

/// Measures figures and prints them.
pub(super) struct Meter {
    pub(super) options: Measure,
    /// Other processes whose processor time counts.
    pub(super) pids: Vec<u32>,
}

impl From<Measure> for Meter {
    fn from(options: Measure) -> Self {
        Self { options, pids: Vec::new() }
    }
}

impl Meter {
    /// Whether a figure is asked for.
    pub(super) fn wants(&self, name: &str) -> bool {
        self.options
            .only
            .as_ref()
            .is_none_or(|only| only.split(',').any(|part| name.contains(part)))
    }

    /// Reports operations a second of `work(n)`, which does `n` operations and says how long
    /// they took; `scale` is what one operation counts for.
    pub(super) async fn rate<F: Future<Output = Duration>>(
        &self,
        name: &str,
        unit: &str,
        scale: f64,
        work: impl Fn(u64) -> F,
    ) {
        if !self.wants(name) {
            return;
        }
        let secs = self.options.secs;
        let mut n = 1_000;
        let mut spent = 0.0;
        loop {
            let took = work(n).await.as_secs_f64();
            spent += took;
            if took >= secs * WARM_UP / 2.0 && spent >= secs * WARM_UP {
                n = planned(n, took, secs * MARGIN);
                break;
            }
            n = planned(n, took, secs * 0.3).clamp(n, n * 20);
        }
        let (mut rates, mut lengths, mut cpu) = (Vec::new(), Vec::new(), Vec::new());
        while rates.len() < self.options.reps.max(1) {
            let before = self.cpu_secs();
            let took = work(n).await.as_secs_f64();
            let used = self.cpu_secs() - before;
            if took < secs {
                n = planned(n, took, secs * MARGIN).max(n + 1);
                continue;
            }
            rates.push(n as f64 * scale / took);
            lengths.push(took);
            cpu.push(used * 1e9 / n as f64);
        }
        let detail =
            format!("n={n} secs={:.2} cpu_ns_per_op={:.0}", median(&lengths), median(&cpu));
        report(name, unit, &rates, &detail);
    }

    fn cpu_secs(&self) -> f64 {
        let others = self.pids.iter().map(|pid| format!("/proc/{pid}/stat"));
        others.chain(["/proc/self/stat".to_owned()]).map(|path| cpu_secs_of(&path)).sum()
    }
}

/// User and system seconds in a `stat` file of `/proc`, which counts in ticks of 10 ms.
pub(super) fn cpu_secs_of(path: &str) -> f64 {
    const TICKS_A_SECOND: f64 = 100.0;
    let stat = std::fs::read_to_string(path).unwrap_or_default();
    let fields = stat.rsplit_once(')').map_or("", |(_, fields)| fields).split_whitespace();
    // The 14th and 15th field; the first two end with the parenthesis.
    let ticks: f64 = fields.skip(11).take(2).filter_map(|field| field.parse::<f64>().ok()).sum();
    ticks / TICKS_A_SECOND
}

fn planned(n: u64, took: f64, wanted: f64) -> u64 {
    (n as f64 * wanted / took.max(1e-9)).ceil().min(1e12) as u64
}

pub(super) fn median(values: &[f64]) -> f64 {
    let mut sorted = values.to_vec();
    sorted.sort_by(f64::total_cmp);
    let middle = sorted.len() / 2;
    if sorted.len() % 2 == 1 { sorted[middle] } else { (sorted[middle - 1] + sorted[middle]) / 2.0 }
}

/// Prints the two lines of a figure.
pub(super) fn report(name: &str, unit: &str, values: &[f64], detail: &str) {
    let middle = median(values);
    let least = values.iter().copied().fold(f64::INFINITY, f64::min);
    let most = values.iter().copied().fold(f64::NEG_INFINITY, f64::max);
    println!("FIGURE {name}={} {unit}", Number(middle));
    println!(
        "DETAIL {name} min={} max={} spread={:.1}% reps={} {detail}",
        Number(least),
        Number(most),
        (most - least) / middle * 100.0,
        values.len(),
    );
}

/// A number with the digits that mean something.
struct Number(f64);

impl std::fmt::Display for Number {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        let digits = if self.0.abs() >= 1000.0 { 0 } else { 1 };
        write!(f, "{:.digits$}", self.0)
    }
}
