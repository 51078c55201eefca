package bench;

import com.netflix.hollow.core.write.objectmapper.HollowInline;
import com.netflix.hollow.core.write.objectmapper.HollowPrimaryKey;

/** D4: text of several scripts. */
final class Strings extends Data {
    @HollowPrimaryKey(fields = "id")
    static final class Str {
        long id;
        @HollowInline
        String text;
    }

    @Override
    int tag() {
        return 0xD4;
    }

    @Override
    Class<?> root() {
        return Str.class;
    }

    @Override
    Str record(int i, int version) {
        Stream s = new Stream(0xD400, i, version);
        StringBuilder text = new StringBuilder();
        int kind = s.below(20);
        if (kind < 14) {
            for (int left = 40 + s.below(41); left > 0; left--) {
                int x = s.below(6);
                int y = s.below(26);
                text.append(x == 0 ? ' ' : (char) ('a' + y));
            }
        } else if (kind < 17) {
            for (int left = 28 + s.below(29); left > 0; left--) {
                int x = s.below(2);
                int y = s.below(26);
                text.append((char) (x == 0 ? 'a' + y : 0xE0 + y));
            }
        } else if (kind < 19) {
            for (int left = 10 + s.below(21); left > 0; left--) {
                text.append((char) (0x4E00 + s.below(20_000)));
            }
        } else {
            for (int left = 8 + s.below(15); left > 0; left--) {
                text.appendCodePoint(0x1F600 + s.below(64));
            }
        }
        Str record = new Str();
        record.id = 5_000_000_000L + 11L * i;
        record.text = text.toString();
        return record;
    }

    @Override
    long adds(Object record) {
        return 1;
    }

    @Override
    void canonical(Object record, StringBuilder out) {
        Str str = (Str) record;
        out.append("{\"id\":").append(str.id).append(",\"text\":\"").append(str.text).append("\"}");
    }

    @Override
    int chunk() {
        return 100_000;
    }
}
