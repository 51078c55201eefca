package bench;

import com.netflix.hollow.core.write.HollowBlobWriter;
import com.netflix.hollow.core.write.HollowObjectTypeWriteState;
import com.netflix.hollow.core.write.HollowObjectWriteRecord;
import com.netflix.hollow.core.write.HollowTypeWriteState;
import com.netflix.hollow.core.write.HollowWriteStateEngine;
import com.netflix.hollow.core.write.objectmapper.HollowObjectMapper;
import java.io.BufferedOutputStream;
import java.io.OutputStream;
import java.nio.file.Files;
import java.nio.file.Path;

/** W1, W3, W4, W5: populating, preparing and writing a snapshot. */
final class WriteRows {
    static final long TARGET_SHARD_BYTES = 16L << 20;

    private final Data data;
    private final int n;
    private final Path scratch;
    private HollowWriteStateEngine engine;

    WriteRows(Data data, int n, Path scratch) {
        this.data = data;
        this.n = n;
        this.scratch = scratch;
    }

    /** Null if the row is none of these. */
    String run(String row, int repetition) throws Exception {
        switch (row) {
            case "W1":
                return highLevel();
            case "W2":
                return twoThreads();
            case "W3":
                return recordLevel();
            case "W4":
                return prepare(repetition);
            case "W5-sink":
                return snapshotToSink();
            case "W5-file":
                return snapshotToFile();
            default:
                return null;
        }
    }

    static HollowWriteStateEngine engine(Class<?> root) {
        HollowWriteStateEngine engine = new HollowWriteStateEngine();
        engine.setTargetMaxTypeShardSize(TARGET_SHARD_BYTES);
        new HollowObjectMapper(engine).initializeTypeState(root);
        return engine;
    }

    private String highLevel() throws Exception {
        engine = null;
        System.gc();
        Clock clock = Clock.ofProcess();
        HollowWriteStateEngine fresh = engine(data.root());
        long sum = populate(fresh, clock);
        engine = fresh;
        return clock.sample(n, 0, sum);
    }

    /** Two halves, on a thread each. All records are made before: the threads must not wait for one another. */
    private String twoThreads() throws Exception {
        engine = null;
        Object[] records = new Object[n];
        for (int i = 0; i < n; i++) {
            records[i] = data.record(i, 0);
        }
        System.gc();
        HollowWriteStateEngine fresh = engine(data.root());
        HollowObjectMapper mapper = new HollowObjectMapper(fresh);
        Clock clock = Clock.ofProcess();
        clock.time(() -> {
            Thread second = new Thread(() -> {
                for (int i = n / 2; i < n; i++) {
                    mapper.add(records[i]);
                }
            });
            second.start();
            for (int i = 0; i < n / 2; i++) {
                mapper.add(records[i]);
            }
            second.join();
            return null;
        });
        return clock.sample(n, 0, fresh.getTypeState(data.root().getSimpleName()).getPopulatedBitSet().cardinality());
    }

    private long populate(HollowWriteStateEngine into, Clock clock) throws Exception {
        HollowObjectMapper mapper = new HollowObjectMapper(into);
        long sum = 0;
        for (int start = 0; start < n; start += data.chunk()) {
            Object[] records = new Object[Math.min(data.chunk(), n - start)];
            for (int at = 0; at < records.length; at++) {
                records[at] = data.record(start + at, 0);
            }
            sum += clock.time(() -> {
                long ordinals = 0;
                for (Object record : records) {
                    ordinals += mapper.add(record);
                }
                return ordinals;
            });
        }
        return sum;
    }

    /** Here the Ref records are added first, and count. */
    private String recordLevel() throws Exception {
        engine = null;
        System.gc();
        Flats flats = (Flats) data;
        HollowWriteStateEngine fresh = engine(data.root());
        Clock clock = Clock.ofProcess();
        int[] refs = clock.time(() -> addRefs(fresh, flats));
        HollowObjectWriteRecord record = new HollowObjectWriteRecord(((HollowObjectTypeWriteState) fresh.getTypeState("Flat")).getSchema());
        long sum = 0;
        for (int start = 0; start < n; start += data.chunk()) {
            Flats.Flat[] records = new Flats.Flat[Math.min(data.chunk(), n - start)];
            for (int at = 0; at < records.length; at++) {
                records[at] = flats.record(start + at, 0);
            }
            sum += clock.time(() -> {
                long ordinals = 0;
                for (Flats.Flat flat : records) {
                    fill(record, flat, refs);
                    ordinals += fresh.add("Flat", record);
                }
                return ordinals;
            });
        }
        engine = fresh;
        return clock.sample(n, 0, sum);
    }

    static int[] addRefs(HollowWriteStateEngine into, Flats flats) {
        HollowObjectWriteRecord record = new HollowObjectWriteRecord(((HollowObjectTypeWriteState) into.getTypeState("Ref")).getSchema());
        int[] refs = new int[Flats.REFS];
        for (int code = 0; code < refs.length; code++) {
            record.reset();
            record.setInt("code", code);
            record.setString("name", flats.refs[code].name);
            refs[code] = into.add("Ref", record);
        }
        return refs;
    }

    static void fill(HollowObjectWriteRecord record, Flats.Flat flat, int[] refs) {
        record.reset();
        record.setLong("id", flat.id);
        record.setInt("i", flat.i);
        record.setDouble("d", flat.d);
        record.setBoolean("b", flat.b);
        record.setString("s", flat.s);
        if (flat.ref != null) {
            record.setReference("ref", refs[flat.ref.code]);
        }
    }

    /** The engine of the repetition before, or one that is filled without the clock. */
    private HollowWriteStateEngine populated() throws Exception {
        if (engine == null) {
            HollowWriteStateEngine fresh = engine(data.root());
            populate(fresh, Clock.ofProcess());
            engine = fresh;
        }
        return engine;
    }

    private String prepare(int repetition) throws Exception {
        if (repetition > 0) {
            engine = null; // it is prepared already
        }
        HollowWriteStateEngine filled = populated();
        System.gc();
        Clock clock = Clock.ofProcess();
        clock.time(() -> {
            filled.prepareForWrite();
            return null;
        });
        long records = 0;
        for (HollowTypeWriteState type : filled.getOrderedTypeStates()) {
            records += type.getPopulatedBitSet().cardinality();
        }
        return clock.sample(1, 0, records);
    }

    private String snapshotToSink() throws Exception {
        HollowWriteStateEngine filled = populated();
        filled.prepareForWrite();
        Count sink = new Count();
        Clock clock = Clock.ofProcess();
        clock.time(() -> {
            new HollowBlobWriter(filled).writeSnapshot(sink);
            return null;
        });
        return clock.sample(1, sink.bytes, sink.bytes);
    }

    private String snapshotToFile() throws Exception {
        Files.createDirectories(scratch);
        Path file = scratch.resolve("snapshot");
        HollowWriteStateEngine filled = populated();
        filled.prepareForWrite();
        Files.deleteIfExists(file);
        Clock clock = Clock.ofProcess();
        clock.time(() -> {
            try (OutputStream out = new BufferedOutputStream(Files.newOutputStream(file))) {
                new HollowBlobWriter(filled).writeSnapshot(out);
            }
            return null;
        });
        long bytes = Files.size(file);
        Files.delete(file);
        return clock.sample(1, bytes, bytes);
    }

    /** Takes bytes and counts them. */
    static final class Count extends OutputStream {
        long bytes;

        @Override
        public void write(int b) {
            bytes++;
        }

        @Override
        public void write(byte[] b, int off, int len) {
            bytes += len;
        }
    }
}
