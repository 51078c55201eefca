package interop;

import com.netflix.hollow.core.read.engine.HollowReadStateEngine;
import com.netflix.hollow.core.schema.HollowObjectSchema;
import com.netflix.hollow.core.write.HollowListWriteRecord;
import com.netflix.hollow.core.write.HollowMapWriteRecord;
import com.netflix.hollow.core.write.HollowObjectWriteRecord;
import com.netflix.hollow.core.write.HollowSetWriteRecord;
import com.netflix.hollow.core.write.HollowWriteRecord;
import com.netflix.hollow.core.write.HollowWriteStateEngine;
import com.netflix.hollow.tools.compact.HollowCompactor;
import java.io.IOException;
import java.util.ArrayList;
import java.util.List;

/**
 * The operations of one cycle, in order.
 *
 * <pre>
 * o TYPE VALUE...             an OBJECT record, fields in schema order
 * l TYPE REF...               a LIST; s: a SET; m TYPE REF REF...: a MAP of keys and values
 * sh TYPE REF HASH...         a SET with a hash for each element; mh TYPE REF REF HASH...: a MAP with one for each key
 * all, allof TYPE             everything from the previous cycle
 * carry TYPE ORDINAL          one record of the previous cycle
 * rm TYPE REF, rmall TYPE     out of this cycle
 * reset                       back to the beginning of the cycle
 * tag KEY VALUE, untag KEY    header tags
 * target BYTES                the size a shard should not exceed
 * compact BYTES PERCENT       compacts types with more holes than that; everything is carried over if there are none
 * </pre>
 *
 * A REF is {@code #n}, the ordinal that the n-th record added in this cycle got, or {@code @n}, the ordinal n.
 */
final class Script {
    private final List<String> lines = new ArrayList<>();
    private final List<Integer> results = new ArrayList<>();
    private Previous previous;

    /** The state before, for operations that look at it. */
    interface Previous {
        HollowReadStateEngine load() throws IOException;
    }

    void add(String command, Words words) {
        lines.add(words.hasNext() ? command + " " + words.rest() : command);
    }

    /** The ordinals, each behind a blank. */
    String ordinals() {
        StringBuilder text = new StringBuilder();
        results.forEach(ordinal -> text.append(' ').append(ordinal));
        return text.toString();
    }

    void run(HollowWriteStateEngine engine, Previous previous) {
        this.previous = previous;
        results.clear();
        for (String line : lines) {
            try {
                run(engine, new Words(line));
            } catch (RuntimeException | IOException error) {
                throw new IllegalStateException("operation " + line, error);
            }
        }
    }

    private void run(HollowWriteStateEngine engine, Words words) throws IOException {
        String command = words.next();
        switch (command) {
            case "all":
                engine.addAllObjectsFromPreviousCycle();
                return;
            case "allof":
                engine.getTypeState(words.next()).addAllObjectsFromPreviousCycle();
                return;
            case "carry":
                engine.getTypeState(words.next()).addOrdinalFromPreviousCycle(Integer.parseInt(words.next()));
                return;
            case "rm":
                engine.getTypeState(words.next()).removeOrdinalFromThisCycle(ref(words.next()));
                return;
            case "rmall":
                engine.getTypeState(words.next()).removeAllOrdinalsFromThisCycle();
                return;
            case "reset":
                engine.resetToLastPrepareForNextCycle();
                return;
            case "tag":
                engine.addHeaderTag(Words.text(words.next()), Words.text(words.next()));
                return;
            case "untag":
                engine.getHeaderTags().remove(Words.text(words.next()));
                return;
            case "target":
                engine.setTargetMaxTypeShardSize(Long.parseLong(words.next()));
                return;
            case "compact": {
                long bytes = Long.parseLong(words.next());
                HollowCompactor compactor = new HollowCompactor(engine, previous.load(), bytes, Integer.parseInt(words.next()));
                if (compactor.needsCompaction()) {
                    compactor.compact();
                } else {
                    engine.addAllObjectsFromPreviousCycle();
                }
                return;
            }
            default:
                String type = words.next();
                results.add(engine.add(type, record(engine, command, type, words)));
        }
    }

    private HollowWriteRecord record(HollowWriteStateEngine engine, String kind, String type, Words words) {
        switch (kind) {
            case "o": {
                HollowObjectSchema schema = (HollowObjectSchema) engine.getSchema(type);
                HollowObjectWriteRecord record = new HollowObjectWriteRecord(schema);
                for (int field = 0; field < schema.numFields(); field++) {
                    set(record, schema, field, words.next());
                }
                return record;
            }
            case "l": {
                HollowListWriteRecord record = new HollowListWriteRecord();
                while (words.hasNext()) {
                    record.addElement(ref(words.next()));
                }
                return record;
            }
            case "s":
            case "sh": {
                HollowSetWriteRecord record = new HollowSetWriteRecord();
                while (words.hasNext()) {
                    int element = ref(words.next());
                    if (kind.equals("sh")) {
                        record.addElement(element, Integer.parseInt(words.next()));
                    } else {
                        record.addElement(element);
                    }
                }
                return record;
            }
            case "m":
            case "mh": {
                HollowMapWriteRecord record = new HollowMapWriteRecord();
                while (words.hasNext()) {
                    int key = ref(words.next());
                    int value = ref(words.next());
                    if (kind.equals("mh")) {
                        record.addEntry(key, value, Integer.parseInt(words.next()));
                    } else {
                        record.addEntry(key, value);
                    }
                }
                return record;
            }
            default:
                throw new IllegalArgumentException("no such command");
        }
    }

    private void set(HollowObjectWriteRecord record, HollowObjectSchema schema, int field, String word) {
        if (word.equals("~")) {
            return;
        }
        String name = schema.getFieldName(field);
        switch (schema.getFieldType(field)) {
            case INT:
                record.setInt(name, Integer.parseInt(word));
                break;
            case LONG:
                record.setLong(name, Long.parseLong(word));
                break;
            case BOOLEAN:
                record.setBoolean(name, word.equals("t"));
                break;
            case FLOAT:
                record.setFloat(name, Float.intBitsToFloat(Integer.parseUnsignedInt(word, 16)));
                break;
            case DOUBLE:
                record.setDouble(name, Double.longBitsToDouble(Long.parseUnsignedLong(word, 16)));
                break;
            case STRING:
                record.setString(name, Words.text(word));
                break;
            case BYTES:
                record.setBytes(name, Words.bytes(word, 1));
                break;
            default:
                record.setReference(name, ref(word));
        }
    }

    private int ref(String word) {
        int number = Integer.parseInt(word.substring(1));
        return word.charAt(0) == '#' ? results.get(number) : number;
    }
}
