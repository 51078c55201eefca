//! The benchmark; see the library of this package.

fn main() -> std::process::ExitCode {
    bench::main(None)
}
