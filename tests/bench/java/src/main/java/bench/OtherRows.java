package bench;

import com.netflix.hollow.core.index.HollowPrimaryKeyIndex;
import com.netflix.hollow.core.read.engine.HollowReadStateEngine;
import com.netflix.hollow.core.read.engine.object.HollowObjectTypeReadState;
import com.netflix.hollow.tools.checksum.HollowChecksum;
import com.netflix.hollow.tools.diff.HollowDiff;
import com.netflix.hollow.tools.diff.HollowTypeDiff;
import com.netflix.hollow.tools.diff.count.HollowFieldDiff;
import java.io.BufferedReader;
import java.io.InputStreamReader;
import java.util.ArrayList;
import java.util.HashSet;
import java.util.List;
import java.util.Set;
import java.util.concurrent.atomic.AtomicBoolean;

/** R6 and L11: readers on several threads. R7: a process that starts. T1, T2: checksum and diff. */
final class OtherRows {
    private static final int READERS = 2;
    /** Look-ups between two looks at the clock. */
    private static final int BATCH = 256;
    /** The movie asked for, where there are as many. */
    private static final int MOVIE = 54_321;

    private final Data data;
    private final int n;
    private final int lookups;
    private final Reading reading;
    private long longest;

    OtherRows(Data data, int n, int lookups, Reading reading) {
        this.data = data;
        this.n = n;
        this.lookups = lookups;
        this.reading = reading;
    }

    /** Null if the row is none of these. */
    String run(String row, int param) throws Exception {
        switch (row) {
            case "R6-alone":
                return read(param, false);
            case "R6-deltas":
                return read(param, true);
            case "R6-alone-longest":
            case "R6-deltas-longest":
                return Clock.sample(longest, longest, 1, 0, "");
            case "R7-heap":
                return start("heap", "ordinal");
            case "R7-heap-index":
                return start("heap", "index");
            case "R7-mapped":
                return start("mapped", "ordinal");
            case "R7-mapped-index":
                return start("mapped", "index");
            case "L11":
                return hits();
            case "T1":
                return checksum();
            case "T2":
                return diff();
            default:
                return null;
        }
    }

    private final class Reader extends Thread {
        private final HollowPrimaryKeyIndex index;
        private final HollowObjectTypeReadState flat;
        private final AtomicBoolean stop;
        private final Stream random;
        private long ops;
        private long slowest;
        private long torn;
        private long sum;

        Reader(HollowPrimaryKeyIndex index, HollowReadStateEngine engine, AtomicBoolean stop, int number) {
            this.index = index;
            this.stop = stop;
            flat = (HollowObjectTypeReadState) engine.getTypeState("Flat");
            random = new Stream(0xF000, 6, number);
        }

        @Override
        public void run() {
            int id = flat.getSchema().getPosition("id");
            int integer = flat.getSchema().getPosition("i");
            int string = flat.getSchema().getPosition("s");
            while (!stop.get()) {
                long begin = System.nanoTime();
                for (int at = 0; at < BATCH; at++) {
                    long key = Flats.id(random.below(n));
                    int ordinal = index.getMatchingOrdinal(key);
                    if (ordinal < 0) {
                        torn++;
                        continue;
                    }
                    sum += flat.readInt(ordinal, integer) + flat.readString(ordinal, string).length();
                    // Between the look-up and here a delta may have removed the record: Java promises nothing then.
                    sum += flat.readLong(ordinal, id);
                }
                ops += BATCH;
                slowest = Math.max(slowest, System.nanoTime() - begin);
            }
        }
    }

    private String read(int millis, boolean deltas) throws Exception {
        int from = 2 * Data.CYCLES_PER_RATE; // the next cycle is the first of 1 %
        reading.stopFollowing();
        HollowReadStateEngine engine = reading.at(from);
        HollowPrimaryKeyIndex index = new HollowPrimaryKeyIndex(engine, "Flat", "id");
        index.listenForDeltaUpdates();
        AtomicBoolean stop = new AtomicBoolean();
        List<Reader> readers = new ArrayList<>();
        for (int number = 0; number < READERS; number++) {
            readers.add(new Reader(index, engine, stop, number));
        }
        Clock clock = Clock.ofProcess();
        clock.time(() -> {
            readers.forEach(Thread::start);
            long end = System.nanoTime() + millis * 1_000_000L;
            boolean forward = true;
            while (System.nanoTime() < end) {
                if (!deltas) {
                    Thread.sleep(Math.max(1, (end - System.nanoTime()) / 1_000_000));
                } else if (forward) {
                    reading.forward();
                    forward = false;
                } else {
                    reading.back();
                    forward = true;
                }
            }
            stop.set(true);
            for (Reader reader : readers) {
                reader.join();
            }
            return null;
        });
        index.detachFromDeltaUpdates();
        longest = readers.stream().mapToLong(reader -> reader.slowest).max().orElse(0);
        long ops = readers.stream().mapToLong(reader -> reader.ops).sum();
        long torn = readers.stream().mapToLong(reader -> reader.torn).sum();
        // A look-up while the index changes may miss a record that is there: it counts as done all the same.
        return clock.sample(ops, torn, "");
    }

    private String hits() throws Exception {
        HollowPrimaryKeyIndex index = reading.index(0, "Flat", "id");
        int[] positions = Stream.positions(1, n, lookups);
        long[] sums = new long[READERS];
        Clock clock = Clock.ofProcess();
        clock.time(() -> {
            Thread[] threads = new Thread[READERS];
            for (int number = 0; number < READERS; number++) {
                int half = number;
                threads[number] = new Thread(() -> {
                    long sum = 0;
                    for (int at = half * positions.length / 2; at < (half + 1) * positions.length / 2; at++) {
                        sum += index.getMatchingOrdinal(Flats.id(positions[at]));
                    }
                    sums[half] = sum;
                });
                threads[number].start();
            }
            for (Thread thread : threads) {
                thread.join();
            }
            return null;
        });
        return clock.sample(positions.length, 0, sums[0] + sums[1]);
    }

    private String start(String mode, String by) throws Exception {
        String java = ProcessHandle.current().info().command().orElse("java");
        ProcessBuilder builder = new ProcessBuilder(java, "-cp", System.getProperty("java.class.path"), Main.class.getName(),
                mode, by, reading.snapshot().toString(), String.valueOf(MOVIE % n));
        builder.redirectError(ProcessBuilder.Redirect.INHERIT);
        long begin = System.nanoTime();
        Process process = builder.start();
        process.getOutputStream().close();
        String line;
        try (BufferedReader out = new BufferedReader(new InputStreamReader(process.getInputStream(), "UTF-8"))) {
            line = out.readLine();
        }
        int outcome = process.waitFor();
        long wall = System.nanoTime() - begin;
        if (outcome != 0 || line == null) {
            throw new IllegalStateException("the process failed: " + outcome);
        }
        String[] words = line.split("\t");
        return Clock.sample(Long.parseLong(words[0]), wall, 1, 0, words[1]);
    }

    private String checksum() throws Exception {
        HollowReadStateEngine engine = reading.at(0);
        Clock clock = Clock.ofProcess();
        HollowChecksum checksum = clock.time(() -> HollowChecksum.forStateEngine(engine));
        return clock.sample(1, 0, checksum.intValue());
    }

    /** Differences are counted as records, of which Hollow tells the fields. */
    private String diff() throws Exception {
        int first = 2 * Data.CYCLES_PER_RATE; // the next cycle is the first of 1 %
        Reading other = reading.another();
        HollowReadStateEngine from = other.at(first);
        HollowReadStateEngine to = reading.at(first + 1);
        Clock clock = Clock.ofProcess();
        HollowDiff diff = clock.time(() -> {
            HollowDiff made = new HollowDiff(from, to, false);
            made.addTypeDiff(data.root().getSimpleName(), "id");
            made.calculateDiffs();
            return made;
        });
        Set<Integer> changed = new HashSet<>();
        for (HollowTypeDiff type : diff.getTypeDiffs()) {
            for (HollowFieldDiff field : type.getFieldDiffs()) {
                for (int at = 0; at < field.getNumDiffs(); at++) {
                    changed.add(field.getFromOrdinal(at));
                }
            }
        }
        return clock.sample(1, 0, changed.size());
    }
}
