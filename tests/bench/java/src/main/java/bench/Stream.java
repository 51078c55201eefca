package bench;

/** Random numbers that depend on nothing but three integers, and the text made of them. */
final class Stream {
    private static final long G = 0x9E3779B97F4A7C15L;
    private static final String CONSONANTS = "bcdfghjklmnprstvwz";
    private static final String VOWELS = "aeiou";
    private static final String ACCENTED = "\u00e1\u00e9\u00ed\u00f3\u00fa\u00f1\u00e7\u00f8\u00e5\u00fc";

    private long state;

    Stream(long tag, long a, long b) {
        long h = mix(tag + G);
        h = mix(h + G * (a + 1));
        state = mix(h + G * (b + 1));
    }

    private static long mix(long z) {
        z = (z ^ (z >>> 30)) * 0xBF58476D1CE4E5B9L;
        z = (z ^ (z >>> 27)) * 0x94D049BB133111EBL;
        return z ^ (z >>> 31);
    }

    long next() {
        state += G;
        return mix(state);
    }

    /** From 0 to below n. */
    int below(int n) {
        return (int) (((next() >>> 32) * n) >>> 32);
    }

    /** From 0 to below 1. */
    double unit() {
        return (next() >>> 11) * 0x1.0p-53;
    }

    private char consonant() {
        return CONSONANTS.charAt(below(18));
    }

    /** Words of lo to below lo + span syllables each. */
    String words(int count, int lo, int span) {
        StringBuilder text = new StringBuilder();
        for (int word = 0; word < count; word++) {
            if (word > 0) {
                text.append(' ');
            }
            int syllables = lo + below(span);
            for (int syllable = 0; syllable < syllables; syllable++) {
                char first = consonant();
                text.append(syllable == 0 ? Character.toUpperCase(first) : first);
                text.append(VOWELS.charAt(below(5)));
            }
        }
        return text.toString();
    }

    /** Words with letters beyond ASCII. */
    String accented(int count) {
        StringBuilder text = new StringBuilder();
        for (int word = 0; word < count; word++) {
            if (word > 0) {
                text.append(' ');
            }
            int syllables = 2 + below(3);
            for (int syllable = 0; syllable < syllables; syllable++) {
                text.append(consonant());
                text.append(ACCENTED.charAt(below(10)));
            }
        }
        return text.toString();
    }

    /** Two letters for a number: AA, AB, ... */
    static String code2(int i) {
        return "" + (char) ('A' + i / 26) + (char) ('A' + i % 26);
    }

    /** The same in lower case. */
    static String lang2(int i) {
        return "" + (char) ('a' + i / 26) + (char) ('a' + i % 26);
    }

    /** Random positions: tag 1 over all records, 2 over the hot ones, 3 countries, 4 languages or reasons, 5 persons. */
    static int[] positions(int tag, int below, int count) {
        Stream s = new Stream(0xF000, tag, 0);
        int[] positions = new int[count];
        for (int at = 0; at < count; at++) {
            positions[at] = s.below(below);
        }
        return positions;
    }
}
