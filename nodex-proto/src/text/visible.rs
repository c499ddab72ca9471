//! [`is_visible`].

/// Returns `true` if a character is shown as itself. It is `false` for control characters, line and column separators,
/// characters that change the direction of text, invisible characters, and noncharacters. Escape these where text from
/// outside is shown.
///
/// ```
/// use nodex_proto::text::is_visible;
/// assert!(['a', ' ', 'é', '漢', '\u{e000}'].into_iter().all(is_visible));
/// assert!(!['\n', '\t', '\u{1b}', '\u{7f}', '\u{9b}', '\u{2028}', '\u{202e}', '\u{200b}'].into_iter().any(is_visible));
/// ```
#[must_use]
pub const fn is_visible(c: char) -> bool {
    if c.is_ascii() {
        return matches!(c, ' '..='~');
    }
    // Categories Cc, Cf, Zl and Zp of Unicode 16, `Default_Ignorable_Code_Point`, and noncharacters.
    !matches!(c,
        '\u{80}'..='\u{9F}' | '\u{AD}' | '\u{34F}' | '\u{600}'..='\u{605}' | '\u{61C}' | '\u{6DD}' | '\u{70F}'
        | '\u{890}'..='\u{891}' | '\u{8E2}' | '\u{115F}'..='\u{1160}' | '\u{17B4}'..='\u{17B5}'
        | '\u{180B}'..='\u{180F}' | '\u{200B}'..='\u{200F}' | '\u{2028}'..='\u{202E}' | '\u{2060}'..='\u{206F}'
        | '\u{3164}' | '\u{FDD0}'..='\u{FDEF}' | '\u{FE00}'..='\u{FE0F}' | '\u{FEFF}' | '\u{FFA0}'
        | '\u{FFF0}'..='\u{FFFB}' | '\u{110BD}' | '\u{110CD}' | '\u{13430}'..='\u{1343F}'
        | '\u{1BCA0}'..='\u{1BCA3}' | '\u{1D173}'..='\u{1D17A}' | '\u{E0000}'..='\u{E0FFF}')
        && c as u32 & 0xFFFE != 0xFFFE
}
