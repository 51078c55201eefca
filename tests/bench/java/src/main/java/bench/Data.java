package bench;

import java.util.SortedSet;
import java.util.TreeSet;

/** A data set of the benchmark: top-level records as objects that the object mapper takes. */
abstract class Data {
    static final int CYCLES_PER_RATE = 5;
    static final double[] RATES = {0.0001, 0.001, 0.01, 0.1};
    static final int CHAIN = CYCLES_PER_RATE * RATES.length;

    /** Tells its change sets from those of others. */
    abstract int tag();

    /** The class of a top-level record; its simple name is the type's. */
    abstract Class<?> root();

    /** Record i as it is in a version. */
    abstract Object record(int i, int version);

    /** How many records, before any are found to be the same, a top-level record is made of. */
    abstract long adds(Object record);

    /** The record as a line of JSON, without the line feed. */
    abstract void canonical(Object record, StringBuilder out);

    /** How many top-level records are made at a time, the clock standing still. */
    abstract int chunk();

    static Data of(String name) {
        switch (name) {
            case "D1":
                return new Catalog();
            case "D2":
                return new Flats();
            case "D3":
                return new Liveness();
            case "D4":
                return new Strings();
            default:
                throw new IllegalArgumentException("no data set has the name " + name);
        }
    }

    /** The records of the first n that a cycle changes: k draws, repeats collapsed. */
    SortedSet<Integer> changed(int n, int cycle, int k) {
        Stream s = new Stream(0xC000 + tag(), cycle, 0);
        SortedSet<Integer> set = new TreeSet<>();
        for (int draw = 0; draw < k; draw++) {
            set.add(s.below(n));
        }
        return set;
    }

    /** How many draws a cycle of the chain makes, from cycle 1 on. */
    static int draws(int n, int cycle) {
        return (int) Math.max(1, Math.round(n * RATES[(cycle - 1) / CYCLES_PER_RATE]));
    }

    /** Hash over the canonical text, its bytes, the records: to be compared with the published values. */
    String check(int n, int version) {
        long hash = 0xcbf29ce484222325L;
        long bytes = 0;
        long adds = 0;
        StringBuilder line = new StringBuilder();
        for (int i = 0; i < n; i++) {
            Object record = record(i, version);
            line.setLength(0);
            canonical(record, line);
            line.append('\n');
            byte[] utf8 = line.toString().getBytes(java.nio.charset.StandardCharsets.UTF_8);
            for (byte b : utf8) {
                hash = (hash ^ (b & 0xff)) * 0x100000001b3L;
            }
            bytes += utf8.length;
            adds += adds(record);
        }
        return String.format("%016x %d %d", hash, bytes, adds);
    }
}
