package interop;

import com.netflix.hollow.core.memory.ArrayByteData;
import com.netflix.hollow.core.read.engine.HollowReadStateEngine;
import com.netflix.hollow.core.schema.HollowObjectSchema;
import com.netflix.hollow.core.schema.HollowObjectSchema.FieldType;
import com.netflix.hollow.core.schema.HollowSchema;
import com.netflix.hollow.core.write.HollowBlobWriter;
import com.netflix.hollow.core.write.HollowWriteStateEngine;
import com.netflix.hollow.core.write.objectmapper.flatrecords.FlatRecord;
import com.netflix.hollow.core.write.objectmapper.flatrecords.FlatRecordDumper;
import com.netflix.hollow.core.write.objectmapper.flatrecords.FlatRecordExtractor;
import com.netflix.hollow.core.write.objectmapper.flatrecords.HollowSchemaIdentifierMapper;
import java.io.ByteArrayOutputStream;
import java.io.IOException;
import java.util.ArrayList;
import java.util.Comparator;
import java.util.List;

/** Flat records taken out of a state, and put into one. The id of a schema is its position among the sorted names. */
final class FlatRecords {
    private final Readers readers;

    FlatRecords(Readers readers) {
        this.readers = readers;
    }

    private static final class Ids implements HollowSchemaIdentifierMapper {
        private final HollowReadStateEngine state;
        private final List<HollowSchema> schemas;

        Ids(HollowReadStateEngine state) {
            this.state = state;
            schemas = new ArrayList<>(state.getSchemas());
            schemas.sort(Comparator.comparing(HollowSchema::getName));
        }

        @Override
        public HollowSchema getSchema(int id) {
            return schemas.get(id);
        }

        @Override
        public FieldType[] getPrimaryKeyFieldTypes(int id) {
            HollowObjectSchema schema = (HollowObjectSchema) schemas.get(id);
            FieldType[] types = new FieldType[schema.getPrimaryKey().numFields()];
            for (int i = 0; i < types.length; i++) {
                types[i] = schema.getPrimaryKey().getFieldType(state, i);
            }
            return types;
        }

        @Override
        public int getSchemaId(HollowSchema schema) {
            for (int id = 0; id < schemas.size(); id++) {
                if (schemas.get(id).getName().equals(schema.getName())) {
                    return id;
                }
            }
            throw new IllegalArgumentException("no such schema: " + schema.getName());
        }
    }

    /** {@code extract READER TYPE ORDINAL...}: the records as bytes; {@code !} for one that Java refuses. */
    String extract(Words words) {
        HollowReadStateEngine state = readers.engine(words.next());
        String type = words.next();
        StringBuilder out = new StringBuilder();
        while (words.hasNext()) {
            int ordinal = Integer.parseInt(words.next());
            if (out.length() > 0) {
                out.append(' ');
            }
            try {
                // A new one each time: after a refusal an extractor is left half way.
                Words.appendBytes(out, new FlatRecordExtractor(state, new Ids(state)).extract(type, ordinal).toArray());
            } catch (RuntimeException error) {
                out.append('!');
            }
        }
        return out.toString();
    }

    /** {@code fold READER NAME HEX...}: puts records into a new state of the reader's types, which is read as NAME. */
    String fold(Words words) throws IOException {
        HollowReadStateEngine state = readers.engine(words.next());
        String name = words.next();
        HollowWriteStateEngine engine = new HollowWriteStateEngine();
        for (HollowSchema schema : state.getSchemas()) {
            engine.addTypeState(Producer.typeState(schema, 1));
        }
        FlatRecordDumper dumper = new FlatRecordDumper(engine);
        while (words.hasNext()) {
            dumper.dump(new FlatRecord(new ArrayByteData(Words.bytes(words.next(), 0)), new Ids(state)));
        }
        engine.overrideNextStateRandomizedTag(1);
        ByteArrayOutputStream snapshot = new ByteArrayOutputStream();
        new HollowBlobWriter(engine).writeSnapshot(snapshot);
        readers.put(name, snapshot.toByteArray());
        return readers.sum(name);
    }

    /** {@code key READER HEX}: the primary key of a record, {@code -} if it has none. */
    String key(Words words) {
        HollowReadStateEngine state = readers.engine(words.next());
        FlatRecord record = new FlatRecord(new ArrayByteData(Words.bytes(words.next(), 0)), new Ids(state));
        if (record.getRecordPrimaryKey() == null) {
            return "-";
        }
        StringBuilder out = new StringBuilder(record.getRecordPrimaryKey().getType());
        for (Object part : record.getRecordPrimaryKey().getKey()) {
            out.append(' ');
            if (part instanceof String) {
                Words.appendText(out, (String) part);
            } else if (part instanceof byte[]) {
                out.append('x');
                Words.appendBytes(out, (byte[]) part);
            } else if (part instanceof Boolean) {
                out.append((Boolean) part ? 't' : 'f');
            } else if (part instanceof Float) {
                Words.appendHex(out, Float.floatToRawIntBits((Float) part), 8);
            } else if (part instanceof Double) {
                Words.appendHex(out, Double.doubleToRawLongBits((Double) part), 16);
            } else {
                out.append(part);
            }
        }
        return out.toString();
    }
}
