package bench;

import com.netflix.hollow.core.index.HollowPrimaryKeyIndex;
import com.netflix.hollow.core.read.engine.object.HollowObjectTypeReadState;
import java.util.BitSet;

/** L1 to L4: the key index and the fields of D2. */
final class LookupRows {
    private static final long MISS = 1L << 37;

    private final int n;
    private final int lookups;
    private final Reading reading;

    LookupRows(int n, int lookups, Reading reading) {
        this.n = n;
        this.lookups = lookups;
        this.reading = reading;
    }

    /** Null if the row is none of these. */
    String run(String row) throws Exception {
        switch (row) {
            case "L1-build":
                return build();
            case "L1-bytes":
                return Clock.sample(0, 0, 0, index().approxHeapFootprintInBytes(), n);
            case "L1-hit-random":
                return find(Stream.positions(1, n, lookups), 0);
            case "L1-hit-hot":
                return find(Stream.positions(2, Math.min(n, 10_000), lookups), 0);
            case "L1-miss":
                return find(Stream.positions(1, n, lookups), MISS);
            case "L2-int-seq":
                return readInt(all());
            case "L2-int-random":
                return readInt(random());
            case "L2-long-seq":
                return readLong(all());
            case "L2-long-random":
                return readLong(random());
            case "L2-string-seq":
                return readString(all());
            case "L2-string-random":
                return readString(random());
            case "L2-reference-random":
                return readReference(random());
            case "L2-equal-random":
                return equal(random());
            case "L3-scan":
                return scan();
            case "L3-populated":
                return scanPopulated();
            case "L4":
                return hitAndRead();
            default:
                return null;
        }
    }

    private HollowPrimaryKeyIndex index() throws Exception {
        return reading.index(0, "Flat", "id");
    }

    private HollowObjectTypeReadState flat() throws Exception {
        return (HollowObjectTypeReadState) reading.at(0).getTypeState("Flat");
    }

    private int[] all() {
        int[] ordinals = new int[n];
        for (int at = 0; at < n; at++) {
            ordinals[at] = at;
        }
        return ordinals;
    }

    private int[] random() {
        return Stream.positions(1, n, lookups);
    }

    private String build() throws Exception {
        reading.stopFollowing();
        reading.at(0);
        Clock clock = Clock.ofProcess();
        clock.time(this::index);
        return clock.sample(1, 0, n);
    }

    private String find(int[] positions, long off) throws Exception {
        HollowPrimaryKeyIndex index = index();
        long[] keys = new long[positions.length];
        for (int at = 0; at < keys.length; at++) {
            keys[at] = Flats.id(positions[at]) + off;
        }
        Clock clock = Clock.ofThread();
        long sum = clock.time(() -> {
            long found = 0;
            for (long key : keys) {
                found += index.getMatchingOrdinal(key);
            }
            return found;
        });
        return clock.sample(keys.length, 0, sum);
    }

    private String readInt(int[] ordinals) throws Exception {
        HollowObjectTypeReadState flat = flat();
        int field = flat.getSchema().getPosition("i");
        Clock clock = Clock.ofThread();
        long sum = clock.time(() -> {
            long total = 0;
            for (int ordinal : ordinals) {
                total += flat.readInt(ordinal, field);
            }
            return total;
        });
        return clock.sample(ordinals.length, 0, sum);
    }

    private String readLong(int[] ordinals) throws Exception {
        HollowObjectTypeReadState flat = flat();
        int field = flat.getSchema().getPosition("id");
        Clock clock = Clock.ofThread();
        long sum = clock.time(() -> {
            long total = 0;
            for (int ordinal : ordinals) {
                total += flat.readLong(ordinal, field);
            }
            return total;
        });
        return clock.sample(ordinals.length, 0, sum);
    }

    private String readString(int[] ordinals) throws Exception {
        HollowObjectTypeReadState flat = flat();
        int field = flat.getSchema().getPosition("s");
        Clock clock = Clock.ofThread();
        long sum = clock.time(() -> {
            long total = 0;
            for (int ordinal : ordinals) {
                total += flat.readString(ordinal, field).length();
            }
            return total;
        });
        return clock.sample(ordinals.length, 0, sum);
    }

    private String readReference(int[] ordinals) throws Exception {
        HollowObjectTypeReadState flat = flat();
        int field = flat.getSchema().getPosition("ref");
        Clock clock = Clock.ofThread();
        long sum = clock.time(() -> {
            long total = 0;
            for (int ordinal : ordinals) {
                total += flat.readOrdinal(ordinal, field);
            }
            return total;
        });
        return clock.sample(ordinals.length, 0, sum);
    }

    /** Compares with the string that is there, so that every byte is looked at. */
    private String equal(int[] ordinals) throws Exception {
        HollowObjectTypeReadState flat = flat();
        int field = flat.getSchema().getPosition("s");
        String[] texts = new String[ordinals.length];
        for (int at = 0; at < texts.length; at++) {
            texts[at] = flat.readString(ordinals[at], field);
        }
        Clock clock = Clock.ofThread();
        long equal = clock.time(() -> {
            long count = 0;
            for (int at = 0; at < texts.length; at++) {
                count += flat.isStringFieldEqual(ordinals[at], field, texts[at]) ? 1 : 0;
            }
            return count;
        });
        return clock.sample(ordinals.length, 0, equal);
    }

    private String scan() throws Exception {
        HollowObjectTypeReadState flat = flat();
        int field = flat.getSchema().getPosition("i");
        Clock clock = Clock.ofThread();
        long sum = clock.time(() -> {
            long total = 0;
            for (int ordinal = 0; ordinal < n; ordinal++) {
                total += flat.readInt(ordinal, field);
            }
            return total;
        });
        return clock.sample(n, 0, sum);
    }

    private String scanPopulated() throws Exception {
        HollowObjectTypeReadState flat = flat();
        int field = flat.getSchema().getPosition("i");
        Clock clock = Clock.ofThread();
        long sum = clock.time(() -> {
            BitSet populated = flat.getPopulatedOrdinals();
            long total = 0;
            for (int ordinal = populated.nextSetBit(0); ordinal >= 0; ordinal = populated.nextSetBit(ordinal + 1)) {
                total += flat.readInt(ordinal, field);
            }
            return total;
        });
        return clock.sample(n, 0, sum);
    }

    private String hitAndRead() throws Exception {
        HollowPrimaryKeyIndex index = index();
        HollowObjectTypeReadState flat = flat();
        int integer = flat.getSchema().getPosition("i");
        int string = flat.getSchema().getPosition("s");
        int[] positions = random();
        Clock clock = Clock.ofThread();
        long sum = clock.time(() -> {
            long total = 0;
            for (int position : positions) {
                int ordinal = index.getMatchingOrdinal(Flats.id(position));
                total += flat.readInt(ordinal, integer) + flat.readString(ordinal, string).length();
            }
            return total;
        });
        return clock.sample(positions.length, 0, sum);
    }
}
