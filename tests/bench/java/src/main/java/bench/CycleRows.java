package bench;

import com.netflix.hollow.api.producer.HollowProducer;
import com.netflix.hollow.api.producer.fs.HollowFilesystemAnnouncer;
import com.netflix.hollow.api.producer.fs.HollowFilesystemBlobStager;
import com.netflix.hollow.api.producer.fs.HollowFilesystemPublisher;
import com.netflix.hollow.core.write.HollowBlobWriter;
import com.netflix.hollow.core.write.HollowObjectTypeWriteState;
import com.netflix.hollow.core.write.HollowObjectWriteRecord;
import com.netflix.hollow.core.write.HollowWriteStateEngine;
import java.io.IOException;
import java.nio.file.DirectoryStream;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.SortedSet;

/** W7 to W10: cycles that follow one another, of the write engine alone and of a whole producer. */
final class CycleRows {
    /** The first change set of the cycles here; those of the chain of blobs are below. */
    private static final int FIRST_CYCLE = 1000;

    private final Data data;
    private final int n;
    private final Path scratch;

    private HollowWriteStateEngine engine;
    private int[] refs;
    private int[] ordinals;

    private HollowProducer producer;
    private HollowProducer.Incremental incremental;
    private boolean tuned;
    private int cycle;

    CycleRows(Data data, int n, Path scratch) {
        this.data = data;
        this.n = n;
        this.scratch = scratch;
    }

    /** Null if the row is none of these. */
    String run(String row, int param) throws Exception {
        if (row.startsWith("W7-")) {
            return engineCycle((int) Math.max(1, Math.round(n * Data.RATES[param])));
        }
        if (row.startsWith("W8-")) {
            return fullCycle(param == 1);
        }
        if (row.startsWith("W9-")) {
            return incrementalCycle(param == 1, 10);
        }
        if (row.startsWith("W10-")) {
            return incrementalCycle(false, (int) Math.max(1, Math.round(n * Data.RATES[param])));
        }
        return null;
    }

    private String engineCycle(int k) throws Exception {
        Flats flats = (Flats) data;
        if (engine == null) {
            engine = WriteRows.engine(data.root());
            refs = WriteRows.addRefs(engine, flats);
            HollowObjectWriteRecord record = record();
            ordinals = new int[n];
            for (int i = 0; i < n; i++) {
                WriteRows.fill(record, flats.record(i, 0), refs);
                ordinals[i] = engine.add("Flat", record);
            }
            engine.prepareForWrite();
            cycle = FIRST_CYCLE;
        }
        cycle++;
        SortedSet<Integer> changed = data.changed(n, cycle, k);
        Flats.Flat[] records = changed.stream().map(i -> flats.record(i, cycle)).toArray(Flats.Flat[]::new);
        WriteRows.Count sink = new WriteRows.Count();
        HollowObjectWriteRecord record = record();
        Clock clock = Clock.ofProcess();
        clock.time(() -> {
            engine.prepareForNextCycle();
            engine.addAllObjectsFromPreviousCycle();
            int next = 0;
            for (int i : changed) {
                engine.getTypeState("Flat").removeOrdinalFromThisCycle(ordinals[i]);
                WriteRows.fill(record, records[next++], refs);
                ordinals[i] = engine.add("Flat", record);
            }
            engine.prepareForWrite();
            HollowBlobWriter writer = new HollowBlobWriter(engine);
            writer.writeDelta(sink);
            writer.writeReverseDelta(sink);
            return null;
        });
        return clock.sample(1, sink.bytes, sink.bytes);
    }

    private HollowObjectWriteRecord record() {
        return new HollowObjectWriteRecord(((HollowObjectTypeWriteState) engine.getTypeState("Flat")).getSchema());
    }

    /** Blobs lie in a directory, as they are: not compressed. */
    private HollowProducer.Builder<?> builder(boolean tunedNow) throws IOException {
        Path staging = Files.createDirectories(scratch.resolve("staging"));
        Path store = Files.createDirectories(scratch.resolve("store"));
        HollowProducer.Builder<?> builder = new HollowProducer.Builder<>()
                .withPublisher(new HollowFilesystemPublisher(store))
                .withAnnouncer(new HollowFilesystemAnnouncer(store))
                .withBlobStager(new HollowFilesystemBlobStager(staging, HollowProducer.BlobCompressor.NO_COMPRESSION));
        return tunedNow ? builder.noIntegrityCheck().withNumStatesBetweenSnapshots(Integer.MAX_VALUE - 1) : builder;
    }

    private String fullCycle(boolean tunedNow) throws Exception {
        if (producer == null || tuned != tunedNow) {
            producer = null;
            System.gc();
            tuned = tunedNow;
            cycle = FIRST_CYCLE;
            producer = builder(tuned).build();
            producer.initializeDataModel(data.root());
            producer.runCycle(state -> {
                for (int i = 0; i < n; i++) {
                    state.add(data.record(i, 0));
                }
            });
        }
        cycle++;
        SortedSet<Integer> changed = data.changed(n, cycle, (int) Math.max(1, Math.round(n * Data.RATES[1])));
        Object[] records = new Object[n];
        for (int i = 0; i < n; i++) {
            records[i] = data.record(i, changed.contains(i) ? cycle : 0);
        }
        System.gc();
        Clock clock = Clock.ofProcess();
        clock.time(() -> producer.runCycle(state -> {
            for (Object record : records) {
                state.add(record);
            }
        }));
        clean();
        return clock.sample(1, 0, population(producer.getWriteEngine()));
    }

    private String incrementalCycle(boolean tunedNow, int k) throws Exception {
        if (incremental == null || tuned != tunedNow) {
            incremental = null;
            System.gc();
            tuned = tunedNow;
            cycle = FIRST_CYCLE;
            incremental = builder(tuned).buildIncremental();
            incremental.initializeDataModel(data.root());
            incremental.runIncrementalCycle(state -> {
                for (int i = 0; i < n; i++) {
                    state.addOrModify(data.record(i, 0));
                }
            });
        }
        cycle++;
        Object[] records = data.changed(n, cycle, k).stream().map(i -> data.record(i, cycle)).toArray();
        System.gc();
        Clock clock = Clock.ofProcess();
        clock.time(() -> incremental.runIncrementalCycle(state -> {
            for (Object record : records) {
                state.addOrModify(record);
            }
        }));
        clean();
        return clock.sample(1, 0, population(incremental.getWriteEngine()));
    }

    private int population(HollowWriteStateEngine from) {
        return from.getTypeState(data.root().getSimpleName()).getPopulatedBitSet().cardinality();
    }

    /** Published blobs are not read again; large ones would fill the disk. */
    private void clean() throws IOException {
        try (DirectoryStream<Path> blobs = Files.newDirectoryStream(scratch.resolve("store"))) {
            for (Path blob : blobs) {
                Files.delete(blob);
            }
        }
    }
}
