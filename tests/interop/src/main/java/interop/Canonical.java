package interop;

import com.netflix.hollow.core.memory.encoding.HashCodes;
import com.netflix.hollow.core.read.engine.HollowReadStateEngine;
import com.netflix.hollow.core.read.engine.HollowTypeReadState;
import com.netflix.hollow.core.read.engine.PopulatedOrdinalListener;
import com.netflix.hollow.core.read.engine.list.HollowListTypeReadState;
import com.netflix.hollow.core.read.engine.map.HollowMapTypeReadState;
import com.netflix.hollow.core.read.engine.object.HollowObjectTypeReadState;
import com.netflix.hollow.core.read.engine.set.HollowSetTypeReadState;
import com.netflix.hollow.core.read.iterator.HollowOrdinalIterator;
import com.netflix.hollow.core.schema.HollowObjectSchema;
import com.netflix.hollow.tools.checksum.HollowChecksum;
import java.nio.charset.StandardCharsets;
import java.util.BitSet;
import java.util.Map;
import java.util.TreeMap;

/** Everything that can be seen of a state, as text that is the same for the same state whoever writes it. */
final class Canonical {
    private final HollowReadStateEngine state;
    private final StringBuilder out = new StringBuilder(1 << 12);

    Canonical(HollowReadStateEngine state) {
        this.state = state;
    }

    /** A hash of the text, the checksum of the state, and those of its types. */
    String sum() {
        byte[] bytes = text().getBytes(StandardCharsets.UTF_8);
        long hash = 0xcbf29ce484222325L;
        for (byte b : bytes) {
            hash = (hash ^ (b & 0xff)) * 0x100000001b3L;
        }
        StringBuilder sum = new StringBuilder(Long.toHexString(hash)).append(' ').append(HollowChecksum.forStateEngine(state).intValue());
        for (HollowTypeReadState type : types().values()) {
            sum.append(' ').append(type.getSchema().getName()).append('=').append(type.getChecksum(type.getSchema()).intValue());
        }
        return sum.toString();
    }

    String text() {
        out.setLength(0);
        out.append("state ").append(state.getCurrentRandomizedTag()).append('\n');
        new TreeMap<>(state.getHeaderTags()).forEach((key, value) -> {
            out.append("tag ");
            Words.appendText(out, key);
            out.append(' ');
            Words.appendText(out, value);
            out.append('\n');
        });
        types().values().forEach(this::type);
        return out.toString();
    }

    private Map<String, HollowTypeReadState> types() {
        Map<String, HollowTypeReadState> types = new TreeMap<>();
        state.getTypeStates().forEach(type -> types.put(type.getSchema().getName(), type));
        return types;
    }

    private void type(HollowTypeReadState type) {
        out.append("type ").append(type.numShards()).append(' ');
        out.append(type.getSchema().toString().replace('\n', ' ').replace("\t", "")).append('\n');
        BitSet populated = type.getListener(PopulatedOrdinalListener.class).getPopulatedOrdinals();
        for (int ordinal = populated.nextSetBit(0); ordinal >= 0; ordinal = populated.nextSetBit(ordinal + 1)) {
            out.append(ordinal);
            if (type instanceof HollowObjectTypeReadState) {
                object((HollowObjectTypeReadState) type, ordinal);
            } else if (type instanceof HollowListTypeReadState) {
                list((HollowListTypeReadState) type, ordinal);
            } else if (type instanceof HollowSetTypeReadState) {
                set((HollowSetTypeReadState) type, ordinal);
            } else {
                map((HollowMapTypeReadState) type, ordinal);
            }
            out.append('\n');
        }
    }

    private void object(HollowObjectTypeReadState type, int ordinal) {
        HollowObjectSchema schema = type.getSchema();
        for (int field = 0; field < schema.numFields(); field++) {
            out.append(' ');
            if (type.isNull(ordinal, field)) {
                out.append('~');
                continue;
            }
            switch (schema.getFieldType(field)) {
                case INT:
                    out.append(type.readInt(ordinal, field));
                    break;
                case LONG:
                    out.append(type.readLong(ordinal, field));
                    break;
                case BOOLEAN:
                    out.append(type.readBoolean(ordinal, field) ? 't' : 'f');
                    break;
                case FLOAT:
                    Words.appendHex(out, Float.floatToRawIntBits(type.readFloat(ordinal, field)), 8);
                    break;
                case DOUBLE:
                    Words.appendHex(out, Double.doubleToRawLongBits(type.readDouble(ordinal, field)), 16);
                    break;
                case STRING:
                    Words.appendText(out, type.readString(ordinal, field));
                    break;
                case BYTES:
                    out.append('x');
                    Words.appendBytes(out, type.readBytes(ordinal, field));
                    break;
                default:
                    out.append(type.readOrdinal(ordinal, field));
            }
        }
    }

    private void list(HollowListTypeReadState type, int ordinal) {
        HollowOrdinalIterator elements = type.ordinalIterator(ordinal);
        for (int element = elements.next(); element != HollowOrdinalIterator.NO_MORE_ORDINALS; element = elements.next()) {
            out.append(' ').append(element);
        }
    }

    private void set(HollowSetTypeReadState type, int ordinal) {
        int buckets = HashCodes.hashTableSize(type.size(ordinal));
        for (int bucket = 0; bucket < buckets; bucket++) {
            int element = type.relativeBucketValue(ordinal, bucket);
            if (element >= 0) {
                out.append(' ').append(bucket).append(':').append(element);
            }
        }
    }

    private void map(HollowMapTypeReadState type, int ordinal) {
        int buckets = HashCodes.hashTableSize(type.size(ordinal));
        for (int bucket = 0; bucket < buckets; bucket++) {
            long entry = type.relativeBucket(ordinal, bucket);
            if (entry >= 0) {
                out.append(' ').append(bucket).append(':').append(entry >> 32).append('=').append((int) entry);
            }
        }
    }
}
