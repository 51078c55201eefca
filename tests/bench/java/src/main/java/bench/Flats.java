package bench;

import com.netflix.hollow.core.write.objectmapper.HollowInline;
import com.netflix.hollow.core.write.objectmapper.HollowPrimaryKey;

/** D2: one record type of plain fields, and a small one it refers to. */
final class Flats extends Data {
    static final int REFS = 10_000;
    private static final String LETTERS = "abcdefghijklmnopqrstuvwxyz0123456789";

    @HollowPrimaryKey(fields = "id")
    static final class Flat {
        long id;
        int i;
        double d;
        boolean b;
        @HollowInline
        String s;
        Ref ref;
    }

    static final class Ref {
        final int code;
        @HollowInline
        final String name;

        Ref(int code) {
            this.code = code;
            name = "cat-" + code;
        }
    }

    final Ref[] refs = new Ref[REFS];

    Flats() {
        for (int code = 0; code < REFS; code++) {
            refs[code] = new Ref(code);
        }
    }

    /** The key of record i. */
    static long id(int i) {
        return (i * 0x9E3779B1L) & 0xFFFFFFFFFL;
    }

    @Override
    int tag() {
        return 0xD2;
    }

    @Override
    Class<?> root() {
        return Flat.class;
    }

    @Override
    Flat record(int i, int version) {
        Stream stable = new Stream(0xD200, i, 0);
        Flat flat = new Flat();
        flat.id = id(i);
        char[] text = new char[4 + stable.below(17)];
        for (int at = 0; at < text.length; at++) {
            text[at] = LETTERS.charAt(stable.below(36));
        }
        flat.s = new String(text);
        flat.ref = stable.below(5) == 0 ? null : refs[stable.below(REFS)];
        Stream rest = new Stream(0xD201, i, version);
        flat.i = rest.below(1_000_000) - 500_000;
        flat.d = rest.unit() * 1000.0;
        flat.b = rest.below(2) == 1;
        return flat;
    }

    @Override
    long adds(Object record) {
        return ((Flat) record).ref == null ? 1 : 2;
    }

    @Override
    void canonical(Object record, StringBuilder out) {
        Flat flat = (Flat) record;
        out.append("{\"id\":").append(flat.id).append(",\"i\":").append(flat.i);
        out.append(",\"d\":\"").append(String.format("%016x", Double.doubleToRawLongBits(flat.d)));
        out.append("\",\"b\":").append(flat.b).append(",\"s\":\"").append(flat.s).append("\",\"ref\":");
        if (flat.ref == null) {
            out.append("null}");
        } else {
            out.append("{\"code\":").append(flat.ref.code).append(",\"name\":\"").append(flat.ref.name).append("\"}}");
        }
    }

    @Override
    int chunk() {
        return 100_000;
    }
}
