//! What a BEAM prints, as far as the tests depend on it.

use std::time::Duration;

use nodex_testkit::otp::Otp;
use nodex_testkit::world::{BEAM, World};

/// Lines in Latin-1, on either stream, do not prevent later lines from being read.
#[test]
fn what_is_no_utf8_is_read_as_well() {
    let world = World::new();
    let mut beam = world.beam(&Otp::installed(None), BEAM, &[]);
    beam.eval("[ok = io:setopts(Device, [{encoding, latin1}]) || Device <- [standard_io, standard_error]]");
    assert_eq!(beam.eval("io:format(\"out: ~ts~n\", [[255]])"), "ok");
    assert_eq!(beam.eval("io:format(standard_error, \"error: ~ts~nand more~n\", [[254]])"), "ok");
    assert_eq!(beam.eval("[252, 1, 2]"), "[252,1,2]");
    assert_eq!(beam.eval("[252]"), "\"\u{FFFD}\"");
    world.wait(async {
        // The two streams come on threads of their own.
        while !["out: \u{FFFD}", "error: \u{FFFD}", "and more"].iter().all(|line| beam.said().contains(line)) {
            tokio::time::sleep(Duration::from_millis(10)).await;
        }
    });
}
