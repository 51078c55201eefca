package bench;

import com.netflix.hollow.core.read.engine.HollowReadStateEngine;
import com.netflix.hollow.core.read.engine.object.HollowObjectTypeReadState;
import com.netflix.hollow.tools.checksum.HollowChecksum;
import java.nio.file.Path;

/** R1 to R5: loading, bytes held, applying deltas. */
final class ReadRows {
    private final Data data;
    private final int n;
    private final Reading reading;
    private final String root;

    ReadRows(Data data, int n, Reading reading) {
        this.data = data;
        this.n = n;
        this.reading = reading;
        root = data.root().getSimpleName();
    }

    /** Null if the row is none of these. */
    String run(String row, int repetition, int param) throws Exception {
        String kind = row.replaceAll("-[0-9.]+%$", "");
        switch (kind) {
            case "R1":
                return load();
            case "R2":
                return map();
            case "R3":
                return held();
            case "R4":
                return apply(repetition, param, false);
            case "R4-index":
                return apply(repetition, param, true);
            case "R4-reverse":
                return reverse(repetition, param);
            case "R5":
                return thereAndBack();
            default:
                return null;
        }
    }

    private String load() throws Exception {
        Clock clock = Clock.ofProcess();
        HollowReadStateEngine engine = clock.time(() -> Reading.load(reading.snapshot()));
        return clock.sample(1, Reading.size(reading.snapshot()), Reading.records(engine));
    }

    private String map() throws Exception {
        Clock clock = Clock.ofProcess();
        long found = clock.time(() -> {
            HollowReadStateEngine engine = Reading.map(reading.snapshot());
            HollowObjectTypeReadState type = (HollowObjectTypeReadState) engine.getTypeState(root);
            return type.readLong(n / 2, type.getSchema().getPosition("id"));
        });
        return clock.sample(1, Reading.size(reading.snapshot()), found);
    }

    private String held() throws Exception {
        long before = used();
        HollowReadStateEngine engine = Reading.load(reading.snapshot());
        long after = used();
        return Clock.sample(0, 0, 0, Math.max(0, after - before), Reading.records(engine));
    }

    private static long used() throws InterruptedException {
        for (int round = 0; round < 3; round++) {
            System.gc();
            Thread.sleep(50);
        }
        return Runtime.getRuntime().totalMemory() - Runtime.getRuntime().freeMemory();
    }

    private String apply(int repetition, int rate, boolean indexed) throws Exception {
        int from = rate * Data.CYCLES_PER_RATE + repetition % Data.CYCLES_PER_RATE;
        if (indexed) {
            reading.follow(from, root, "id");
        } else {
            reading.stopFollowing();
        }
        reading.at(from);
        Clock clock = Clock.ofProcess();
        clock.time(() -> {
            reading.forward();
            return null;
        });
        return done(clock, reading.delta(from + 1), from + 1);
    }

    private String reverse(int repetition, int rate) throws Exception {
        int from = (rate + 1) * Data.CYCLES_PER_RATE - repetition % Data.CYCLES_PER_RATE;
        reading.stopFollowing();
        reading.at(from);
        Clock clock = Clock.ofProcess();
        clock.time(() -> {
            reading.back();
            return null;
        });
        return done(clock, reading.reverse(from), from - 1);
    }

    private String done(Clock clock, Path file, int cycle) throws Exception {
        return clock.sample(1, Reading.size(file), Reading.fingerprint(reading.at(cycle), data, n));
    }

    private String thereAndBack() throws Exception {
        reading.stopFollowing();
        HollowChecksum before = HollowChecksum.forStateEngine(reading.at(0));
        reading.at(Data.CHAIN);
        HollowChecksum after = HollowChecksum.forStateEngine(reading.at(0));
        if (!before.equals(after)) {
            throw new IllegalStateException("another checksum after deltas and reverse deltas");
        }
        return Clock.sample(0, 0, 0, 0, after.intValue());
    }
}
