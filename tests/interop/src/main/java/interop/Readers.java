package interop;

import com.netflix.hollow.api.consumer.HollowConsumer;
import com.netflix.hollow.api.consumer.fs.HollowFilesystemBlobRetriever;
import com.netflix.hollow.core.memory.MemoryMode;
import com.netflix.hollow.core.read.HollowBlobInput;
import com.netflix.hollow.core.read.OptionalBlobPartInput;
import com.netflix.hollow.core.read.engine.HollowBlobReader;
import com.netflix.hollow.core.read.engine.HollowReadStateEngine;
import com.netflix.hollow.core.read.filter.HollowFilterConfig;
import com.netflix.hollow.core.read.filter.TypeFilter;
import java.io.File;
import java.io.IOException;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.HashMap;
import java.util.HashSet;
import java.util.Map;
import java.util.Set;

/**
 * Read engines by name, all over one directory.
 *
 * <p>{@code consumer} is the state of a {@link HollowConsumer} that follows; the others are loaded and carried along by hand.
 */
final class Readers {
    private static final String FOLLOWER = "consumer";

    private Path directory;
    private final Set<String> parts = new HashSet<>();
    private final Map<String, Loaded> loaded = new HashMap<>();
    private HollowConsumer consumer;

    private static final class Loaded {
        final HollowReadStateEngine engine = new HollowReadStateEngine();
        final HollowBlobReader reader = new HollowBlobReader(engine);
        final Set<String> parts = new HashSet<>();
    }

    /** {@code chain DIRECTORY PART...}: forgets everything about the chain before. */
    void begin(Words words) {
        directory = Path.of(words.next());
        parts.clear();
        while (words.hasNext()) {
            parts.add(words.next());
        }
        loaded.clear();
        consumer = null;
    }

    Path directory() {
        return directory;
    }

    HollowReadStateEngine engine(String name) {
        if (name.equals(FOLLOWER)) {
            return consumer.getStateEngine();
        }
        Loaded found = loaded.get(name);
        if (found == null) {
            throw new IllegalArgumentException("nothing is read under the name " + name);
        }
        return found.engine;
    }

    /** Puts an engine made elsewhere under a name. */
    void put(String name, byte[] snapshot) throws IOException {
        Loaded fresh = new Loaded();
        fresh.reader.readSnapshot(HollowBlobInput.serial(snapshot));
        loaded.put(name, fresh);
    }

    /** The state of a snapshot, with all parts. */
    HollowReadStateEngine snapshot(long version) throws IOException {
        Loaded fresh = new Loaded();
        fresh.parts.addAll(parts);
        readSnapshot(fresh, version, null);
        return fresh.engine;
    }

    /** {@code read NAME VERSION PARTS FILTER...}: loads a snapshot. PARTS: names between commas, {@code *} or {@code -}. */
    void read(Words words) throws IOException {
        Loaded fresh = new Loaded();
        loaded.put(words.next(), fresh);
        long version = Long.parseLong(words.next());
        String wanted = words.next();
        if (wanted.equals("*")) {
            fresh.parts.addAll(parts);
        } else if (!wanted.equals("-")) {
            fresh.parts.addAll(Set.of(wanted.split(",")));
        }
        readSnapshot(fresh, version, words.hasNext() ? filter(words) : null);
    }

    private void readSnapshot(Loaded into, long version, TypeFilter filter) throws IOException {
        try (HollowBlobInput main = input("snapshot-" + version); OptionalBlobPartInput others = parts(into, "snapshot", "" + version)) {
            if (filter == null && others == null) {
                into.reader.readSnapshot(main);
            } else if (filter == null) {
                into.reader.readSnapshot(main, others);
            } else if (others == null) {
                into.reader.readSnapshot(main, filter);
            } else {
                into.reader.readSnapshot(main, others, filter);
            }
        }
    }

    /** {@code delta NAME delta|reversedelta FROM TO}. */
    void delta(Words words) throws IOException {
        Loaded into = loaded.get(words.next());
        String kind = words.next();
        String versions = words.next() + "-" + words.next();
        try (HollowBlobInput main = input(kind + "-" + versions); OptionalBlobPartInput others = parts(into, kind, versions)) {
            if (others == null) {
                into.reader.applyDelta(main);
            } else {
                into.reader.applyDelta(main, others);
            }
        }
    }

    private HollowBlobInput input(String file) throws IOException {
        return HollowBlobInput.serial(Files.readAllBytes(directory.resolve(file)));
    }

    private OptionalBlobPartInput parts(Loaded into, String kind, String versions) {
        if (into.parts.isEmpty()) {
            return null;
        }
        OptionalBlobPartInput input = new OptionalBlobPartInput();
        for (String part : into.parts) {
            input.addInput(part, directory.resolve(kind + "_" + part + "-" + versions).toFile());
        }
        return input;
    }

    /**
     * {@code +*} and what to leave out, {@code -Type} and {@code -Type:field}; or {@code -*} and what to take,
     * {@code +Type} and {@code +Type:field}.
     */
    private static TypeFilter filter(Words words) {
        if (words.next().equals("-*")) {
            TypeFilter.Builder builder = TypeFilter.newTypeFilter().excludeAll();
            while (words.hasNext()) {
                String[] names = words.next().substring(1).split(":", 2);
                builder = names.length == 1 ? builder.include(names[0]) : builder.include(names[0], names[1]);
            }
            return builder.build();
        }
        return allBut(words);
    }

    // TypeFilter's exclude(type, field) leaves the field in as long as the type is: only the older form leaves it out.
    @SuppressWarnings("deprecation")
    private static TypeFilter allBut(Words words) {
        HollowFilterConfig excluded = new HollowFilterConfig(true);
        while (words.hasNext()) {
            String[] names = words.next().substring(1).split(":", 2);
            if (names.length == 1) {
                excluded.addType(names[0]);
            } else {
                excluded.addField(names[0], names[1]);
            }
        }
        return excluded;
    }

    /** Brings the consumer to a version; from the second time on by deltas only. */
    void follow(long version) {
        if (consumer == null) {
            HollowFilesystemBlobRetriever retriever = parts.isEmpty()
                    ? new HollowFilesystemBlobRetriever(directory)
                    : new HollowFilesystemBlobRetriever(directory, parts);
            consumer = HollowConsumer.withBlobRetriever(retriever)
                    .withMemoryMode(MemoryMode.ON_HEAP)
                    .withDoubleSnapshotConfig(new HollowConsumer.DoubleSnapshotConfig() {
                        @Override
                        public boolean allowDoubleSnapshot() {
                            return false;
                        }

                        @Override
                        public int maxDeltasBeforeDoubleSnapshot() {
                            return Integer.MAX_VALUE;
                        }
                    })
                    .build();
        }
        consumer.triggerRefreshTo(version);
        if (consumer.getCurrentVersionId() != version) {
            throw new IllegalStateException("the consumer is at version " + consumer.getCurrentVersionId());
        }
    }

    /** Brings the consumer to the version in {@code announced.version}, which it answers. */
    long followAnnouncement() throws IOException {
        long version = Long.parseLong(Files.readAllLines(directory.resolve("announced.version")).get(0).trim());
        follow(version);
        return version;
    }

    String sum(String name) {
        return new Canonical(engine(name)).sum();
    }

    void dump(String name, String file) throws IOException {
        Files.writeString(new File(file).toPath(), new Canonical(engine(name)).text());
    }
}
