package bench;

import com.netflix.hollow.core.index.HollowPrimaryKeyIndex;
import com.netflix.hollow.core.memory.MemoryMode;
import com.netflix.hollow.core.read.HollowBlobInput;
import com.netflix.hollow.core.read.engine.HollowBlobReader;
import com.netflix.hollow.core.read.engine.HollowReadStateEngine;
import com.netflix.hollow.core.read.engine.HollowTypeReadState;
import com.netflix.hollow.core.read.engine.object.HollowObjectTypeReadState;
import java.io.BufferedInputStream;
import java.io.FileInputStream;
import java.io.IOException;
import java.nio.file.Files;
import java.nio.file.Path;

/** The blobs of a chain, and a state that moves along it. */
final class Reading {
    private final Path directory;
    private HollowReadStateEngine engine;
    private HollowBlobReader reader;
    private int cycle;
    private HollowPrimaryKeyIndex index;

    Reading(Path directory) {
        this.directory = directory;
    }

    /** A second state of the same chain. */
    Reading another() {
        return new Reading(directory);
    }

    Path snapshot() {
        return directory.resolve("snapshot");
    }

    Path delta(int to) {
        return directory.resolve("delta-" + to);
    }

    Path reverse(int from) {
        return directory.resolve("reverse-" + from);
    }

    /** A fresh state of the snapshot. */
    static HollowReadStateEngine load(Path file) throws IOException {
        HollowReadStateEngine engine = new HollowReadStateEngine();
        try (HollowBlobInput in = open(file)) {
            new HollowBlobReader(engine).readSnapshot(in);
        }
        return engine;
    }

    /** A fresh state over the mapped file. The input stays open: the state reads from it. */
    static HollowReadStateEngine map(Path file) throws IOException {
        HollowReadStateEngine engine = new HollowReadStateEngine();
        HollowBlobInput in = HollowBlobInput.randomAccess(file.toFile());
        new HollowBlobReader(engine, MemoryMode.SHARED_MEMORY_LAZY).readSnapshot(in);
        return engine;
    }

    private static HollowBlobInput open(Path file) throws IOException {
        return HollowBlobInput.serial(new BufferedInputStream(new FileInputStream(file.toFile())));
    }

    private void apply(Path file) throws IOException {
        try (HollowBlobInput in = open(file)) {
            reader.applyDelta(in);
        }
    }

    /** The state after some cycles; gets there without the clock. */
    HollowReadStateEngine at(int wanted) throws IOException {
        if (engine == null) {
            engine = load(snapshot());
            reader = new HollowBlobReader(engine);
            cycle = 0;
        }
        while (cycle < wanted) {
            forward();
        }
        while (cycle > wanted) {
            back();
        }
        return engine;
    }

    /** Applies the next delta. */
    void forward() throws IOException {
        apply(delta(cycle + 1));
        cycle++;
    }

    /** Applies the reverse delta. */
    void back() throws IOException {
        apply(reverse(cycle));
        cycle--;
    }

    /** The index of the primary key of the state after some cycles, for as long as nothing else is asked for. */
    HollowPrimaryKeyIndex index(int wanted, String type, String... fields) throws IOException {
        if (index == null || cycle != wanted) {
            stopFollowing();
            index = new HollowPrimaryKeyIndex(at(wanted), type, fields);
        }
        return index;
    }

    /** The same index, kept current by the deltas to come. */
    void follow(int wanted, String type, String... fields) throws IOException {
        if (index == null) {
            index = new HollowPrimaryKeyIndex(at(wanted), type, fields);
            index.listenForDeltaUpdates();
        }
        at(wanted);
    }

    /** No index any more. */
    void stopFollowing() {
        if (index != null) {
            index.detachFromDeltaUpdates();
            index = null;
        }
    }

    /** How many records there are in all. */
    static long records(HollowReadStateEngine engine) {
        long records = 0;
        for (HollowTypeReadState type : engine.getTypeStates()) {
            records += type.getPopulatedOrdinals().cardinality();
        }
        return records;
    }

    /** The keys of a thousand random places, where there are records, and how many there are. */
    static long fingerprint(HollowReadStateEngine engine, Data data, int n) {
        HollowObjectTypeReadState type = (HollowObjectTypeReadState) engine.getTypeState(data.root().getSimpleName());
        int id = type.getSchema().getPosition("id");
        long sum = records(engine);
        for (int place : Stream.positions(1, n, 1000)) {
            if (type.getPopulatedOrdinals().get(place)) {
                sum = sum * 31 + type.readLong(place, id);
            }
        }
        return sum;
    }

    static long size(Path file) throws IOException {
        return Files.size(file);
    }
}
