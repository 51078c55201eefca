//! The benchmark with an allocator that counts bytes.

#[global_allocator]
static ALLOCATOR: cap::Cap<std::alloc::System> = cap::Cap::new(std::alloc::System, usize::MAX);

fn main() -> std::process::ExitCode {
    bench::main(Some(|| ALLOCATOR.allocated()))
}
