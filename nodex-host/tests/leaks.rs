//! Many processes one after the other leave no file descriptor and no thread. Alone in its file, because it
//! counts what the whole process has.

mod support;

use support::Start;

#[tokio::test(flavor = "current_thread")]
async fn nothing_piles_up() {
    let count = |folder: &str| std::fs::read_dir(folder).unwrap().count();
    let mut before = None;
    for round in 0..60 {
        let start = match round % 3 {
            0 => Start::child("never_ready", |options| options.ready_line("initialising child@127.0.0.1")).await,
            1 => Start::child("exits_before_ready", |options| options).await,
            _ => Start::child("exits_after_ready", |options| options).await,
        };
        start.finish().await;
        let now = (count("/proc/self/fd"), count("/proc/self/task"));
        // The first round starts the thread and the runtime's driver.
        let first = *before.get_or_insert(now);
        if round > 3 {
            assert_eq!(now, first, "file descriptors and threads in round {round}");
        }
    }
}
