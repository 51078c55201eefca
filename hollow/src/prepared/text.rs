//! Single JSON values where they are plain.

/// How a text in quotes is to be had.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) enum End {
    /// As it stands.
    Plain {
        /// Whether all of it is ASCII.
        ascii: bool,
    },
    /// With escapes in it.
    Escaped,
}

const ONES: u64 = 0x0101_0101_0101_0101;
const TOPS: u64 = 0x8080_8080_8080_8080;

/// The top bit of each byte that is zero, and perhaps of bytes above one that is.
#[inline]
fn zeros(word: u64) -> u64 {
    word.wrapping_sub(ONES) & !word & TOPS
}

/// Where the text that begins with the quote at `begin` ends: the position of the other quote. None if it does not begin,
/// does not end, or has a control character.
#[inline]
pub(super) fn end(json: &[u8], begin: usize) -> Option<(usize, End)> {
    if json.get(begin) != Some(&b'"') {
        return None;
    }
    let mut at = begin + 1;
    let mut tops = 0;
    let mut escaped = false;
    loop {
        // Eight at a time, as long as none of them is anything special.
        while let Some(window) = json.get(at..).and_then(|rest| rest.first_chunk::<8>()) {
            let word = u64::from_le_bytes(*window);
            let quotes = zeros(word ^ (ONES * u64::from(b'"')));
            let slashes = zeros(word ^ (ONES * u64::from(b'\\')));
            let controls = word.wrapping_sub(ONES * 0x20) & !word & TOPS;
            let special = quotes | slashes | controls;
            if special != 0 {
                let before = special.trailing_zeros() as usize / 8;
                tops |= word & TOPS & ((1_u64 << (8 * before)) - 1);
                at += before;
                break;
            }
            tops |= word & TOPS;
            at += 8;
        }
        match *json.get(at)? {
            b'"' if escaped => return Some((at, End::Escaped)),
            b'"' => return Some((at, End::Plain { ascii: tops == 0 })),
            b'\\' => {
                escaped = true;
                json.get(at + 1)?;
                at += 2;
            }
            0..0x20 => return None,
            byte => {
                tops |= u64::from(byte & 0x80);
                at += 1;
            }
        }
    }
}

/// Appends what a text with escapes, without its quotes, stands for. None if an escape is none of the usual ones.
pub(super) fn unescape(text: &[u8], out: &mut Vec<u8>) -> Option<()> {
    let mut rest = text;
    while let Some((&byte, behind)) = rest.split_first() {
        rest = behind;
        if byte != b'\\' {
            out.push(byte);
            continue;
        }
        let (&escape, behind) = rest.split_first()?;
        rest = behind;
        out.push(match escape {
            b'"' | b'\\' | b'/' => escape,
            b'n' => b'\n',
            b't' => b'\t',
            b'r' => b'\r',
            b'b' => 8,
            b'f' => 12,
            b'u' => {
                let (digits, behind) = rest.split_at_checked(4)?;
                rest = behind;
                let mut unit = 0;
                for &digit in digits {
                    unit = unit << 4 | char::from(digit).to_digit(16)?;
                }
                // Halves of pairs are for somebody else to judge.
                let character = char::from_u32(unit)?;
                out.extend_from_slice(character.encode_utf8(&mut [0; 4]).as_bytes());
                continue;
            }
            _ => return None,
        });
    }
    Some(())
}

/// A whole number of up to 18 digits, and what follows is not part of a number.
#[inline]
pub(super) fn long(json: &[u8], at: &mut usize) -> Option<i64> {
    let negative = json.get(*at) == Some(&b'-');
    let begin = *at + usize::from(negative);
    let mut end = begin;
    let mut n: i64 = 0;
    while let Some(digit) = json
        .get(end)
        .map(|byte| byte.wrapping_sub(b'0'))
        .filter(|digit| *digit < 10)
    {
        if end - begin == 18 {
            return None;
        }
        n = n * 10 + i64::from(digit);
        end += 1;
    }
    let leading_zero = json.get(begin) == Some(&b'0');
    if end == begin || leading_zero && (negative || end - begin > 1) {
        return None;
    }
    if let Some(b'.' | b'e' | b'E') = json.get(end) {
        return None;
    }
    *at = end;
    Some(if negative { -n } else { n })
}

/// As [`long`]; the smallest one stands for null, and is none.
#[inline]
pub(super) fn int(json: &[u8], at: &mut usize) -> Option<i32> {
    let n = i32::try_from(long(json, at)?).ok()?;
    (n != i32::MIN).then_some(n)
}

/// `true` or `false`.
#[inline]
pub(super) fn boolean(json: &[u8], at: &mut usize) -> Option<bool> {
    let rest = json.get(*at..)?;
    let (value, length) = match (rest.starts_with(b"true"), rest.starts_with(b"false")) {
        (true, _) => (true, 4),
        (_, true) => (false, 5),
        _ => return None,
    };
    *at += length;
    Some(value)
}

/// Behind the end of the list or object that begins at `begin`, if that is at most so many bytes away. Looks at brackets
/// and texts alone: what it ends need not be JSON.
#[inline]
pub(super) fn behind(json: &[u8], begin: usize, most: usize) -> Option<usize> {
    let end = json.len().min(begin.saturating_add(most));
    let json = &json[..end];
    let (mut at, mut depth) = (begin, 0_usize);
    loop {
        match *json.get(at)? {
            b'"' => at = self::end(json, at)?.0,
            b'[' | b'{' => depth += 1,
            b']' | b'}' => {
                depth = depth.checked_sub(1)?;
                if depth == 0 {
                    return Some(at + 1);
                }
            }
            _ => {}
        }
        at += 1;
    }
}
