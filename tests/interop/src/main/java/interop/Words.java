package interop;

/**
 * The words of a line, and values as words.
 *
 * <p>Null is {@code ~}. INT and LONG are decimal, BOOLEAN is {@code t} or {@code f}, FLOAT and DOUBLE are the hexadecimal
 * digits of their bits, BYTES hexadecimal digits behind an {@code x}. STRING is an {@code s} and the UTF-16 units, those
 * other than letters, digits, {@code _}, {@code .} and {@code -} as {@code %} and four hexadecimal digits.
 */
final class Words {
    private final String line;
    private int at;

    Words(String line) {
        this.line = line;
    }

    boolean hasNext() {
        return at < line.length();
    }

    String next() {
        if (!hasNext()) {
            throw new IllegalArgumentException("a word is missing: " + line);
        }
        int end = line.indexOf(' ', at);
        String word = end < 0 ? line.substring(at) : line.substring(at, end);
        at = end < 0 ? line.length() : end + 1;
        return word;
    }

    /** Everything up to the end of the line. */
    String rest() {
        String rest = line.substring(Math.min(at, line.length()));
        at = line.length();
        return rest;
    }

    static String text(String word) {
        StringBuilder text = new StringBuilder(word.length());
        for (int i = 1; i < word.length(); i++) {
            char c = word.charAt(i);
            if (c == '%') {
                c = (char) Integer.parseInt(word.substring(i + 1, i + 5), 16);
                i += 4;
            }
            text.append(c);
        }
        return text.toString();
    }

    static void appendText(StringBuilder out, String text) {
        out.append('s');
        for (int i = 0; i < text.length(); i++) {
            char c = text.charAt(i);
            boolean plain = c >= 'a' && c <= 'z' || c >= 'A' && c <= 'Z' || c >= '0' && c <= '9' || c == '_' || c == '.' || c == '-';
            if (plain) {
                out.append(c);
            } else {
                out.append('%');
                appendHex(out, c, 4);
            }
        }
    }

    static byte[] bytes(String word, int from) {
        byte[] bytes = new byte[(word.length() - from) / 2];
        for (int i = 0; i < bytes.length; i++) {
            bytes[i] = (byte) Integer.parseInt(word.substring(from + 2 * i, from + 2 * i + 2), 16);
        }
        return bytes;
    }

    static void appendBytes(StringBuilder out, byte[] bytes) {
        for (byte b : bytes) {
            appendHex(out, b & 0xff, 2);
        }
    }

    static void appendHex(StringBuilder out, long value, int digits) {
        for (int shift = 4 * (digits - 1); shift >= 0; shift -= 4) {
            out.append(Character.forDigit((int) (value >>> shift) & 0xf, 16));
        }
    }

    /** An error in one line, with where it came from. */
    static String describe(Throwable error) {
        StringBuilder text = new StringBuilder();
        for (Throwable cause = error; cause != null; cause = cause.getCause()) {
            text.append(text.length() == 0 ? "" : ", caused by ").append(cause);
            StackTraceElement[] trace = cause.getStackTrace();
            for (int i = 0; i < Math.min(4, trace.length); i++) {
                text.append(" at ").append(trace[i]);
            }
        }
        return text.toString().replace('\n', ' ').replace('\r', ' ');
    }
}
