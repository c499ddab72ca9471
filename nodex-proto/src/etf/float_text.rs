//! The text of a float in `FLOAT_EXT`, the form before OTP 17.

/// Returns the value of the text up to the first zero byte, as `sys_chars_to_double` of OTP's `sys_float.c` reads it: a
/// sign, digits, a point (or a comma, which C prints in some countries), digits, and maybe an exponent. `None` if it is
/// anything else or not finite.
pub(super) fn float_text(text: &[u8]) -> Option<f64> {
    let text = text.split(|&byte| byte == 0).next().unwrap_or_default();
    let mut rest = text.iter().copied().peekable();
    let mut clean = String::with_capacity(text.len());
    clean.extend(rest.next_if(|byte| b"+-".contains(byte)).map(char::from));
    let digits = |clean: &mut String, rest: &mut std::iter::Peekable<_>| {
        let before = clean.len();
        while let Some(digit) = rest.next_if(u8::is_ascii_digit) {
            clean.push(char::from(digit));
        }
        (clean.len() > before).then_some(())
    };
    digits(&mut clean, &mut rest)?;
    rest.next_if(|byte| b".,".contains(byte))?;
    clean.push('.');
    digits(&mut clean, &mut rest)?;
    if rest.next_if(|byte| b"eE".contains(byte)).is_some() {
        clean.push('e');
        clean.extend(rest.next_if(|byte| b"+-".contains(byte)).map(char::from));
        digits(&mut clean, &mut rest)?;
    }
    match rest.next() {
        None => clean.parse().ok().filter(|value: &f64| value.is_finite()),
        Some(_) => None,
    }
}
