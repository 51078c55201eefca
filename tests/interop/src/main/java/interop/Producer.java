package interop;

import com.netflix.hollow.api.producer.HollowProducer;
import com.netflix.hollow.api.producer.ProducerOptionalBlobPartConfig;
import com.netflix.hollow.api.producer.fs.HollowFilesystemAnnouncer;
import com.netflix.hollow.api.producer.fs.HollowFilesystemBlobStager;
import com.netflix.hollow.api.producer.fs.HollowFilesystemPublisher;
import com.netflix.hollow.core.read.engine.HollowReadStateEngine;
import com.netflix.hollow.core.schema.HollowListSchema;
import com.netflix.hollow.core.schema.HollowMapSchema;
import com.netflix.hollow.core.schema.HollowObjectSchema;
import com.netflix.hollow.core.schema.HollowSchema;
import com.netflix.hollow.core.schema.HollowSchemaParser;
import com.netflix.hollow.core.schema.HollowSetSchema;
import com.netflix.hollow.core.util.HollowWriteStateCreator;
import com.netflix.hollow.core.write.HollowBlobWriter;
import com.netflix.hollow.core.write.HollowListTypeWriteState;
import com.netflix.hollow.core.write.HollowMapTypeWriteState;
import com.netflix.hollow.core.write.HollowObjectTypeWriteState;
import com.netflix.hollow.core.write.HollowSetTypeWriteState;
import com.netflix.hollow.core.write.HollowTypeWriteState;
import com.netflix.hollow.core.write.HollowWriteStateEngine;
import java.io.IOException;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.ArrayList;
import java.util.LinkedHashMap;
import java.util.List;
import java.util.Map;

/**
 * A write engine and the operations of its cycle.
 *
 * <p>{@code engine FOCUS RESHARD TARGET} begins a new one, {@code type SHARDS SCHEMA} registers a type, {@code part NAME TYPE...}
 * puts types into an optional part, {@code next} begins a cycle; the operations are those of {@link Script}.
 */
final class Producer {
    /** Something that can fail; the failure is kept until there is somebody to tell. */
    interface Step {
        void run() throws Exception;
    }

    private final Readers readers;
    private HollowWriteStateEngine engine;
    private ProducerOptionalBlobPartConfig parts;
    private Script script;
    private String failure;
    /** What the engine was made from, for a producer that makes its own. */
    private final Map<String, Integer> shards = new LinkedHashMap<>();
    private final List<HollowSchema> schemas = new ArrayList<>();

    Producer(Readers readers) {
        this.readers = readers;
    }

    void forget() {
        engine = null;
        parts = null;
        script = null;
        failure = null;
    }

    void attempt(Step step) {
        if (failure != null) {
            return; // what follows a failure means nothing
        }
        try {
            step.run();
        } catch (Exception | LinkageError | AssertionError error) {
            failure = Words.describe(error);
        }
    }

    void command(String command, Words words) throws Exception {
        switch (command) {
            case "engine":
                engine = new HollowWriteStateEngine();
                engine.setFocusHoleFillInFewestShards(words.next().equals("1"));
                engine.allowTypeResharding(words.next().equals("1"));
                engine.setTargetMaxTypeShardSize(Long.parseLong(words.next()));
                parts = null;
                shards.clear();
                schemas.clear();
                script = new Script();
                break;
            case "type": {
                int numShards = Integer.parseInt(words.next());
                HollowSchema schema = HollowSchemaParser.parseSchema(words.rest());
                engine.addTypeState(typeState(schema, numShards));
                shards.put(schema.getName(), numShards);
                schemas.add(schema);
                break;
            }
            case "part": {
                if (parts == null) {
                    parts = new ProducerOptionalBlobPartConfig();
                }
                String name = words.next();
                while (words.hasNext()) {
                    parts.addTypesToPart(name, words.next());
                }
                break;
            }
            case "next":
                script = new Script();
                break;
            default:
                script.add(command, words);
        }
    }

    static HollowTypeWriteState typeState(HollowSchema schema, int numShards) {
        switch (schema.getSchemaType()) {
            case OBJECT:
                return new HollowObjectTypeWriteState((HollowObjectSchema) schema, numShards);
            case LIST:
                return new HollowListTypeWriteState((HollowListSchema) schema, numShards);
            case SET:
                return new HollowSetTypeWriteState((HollowSetSchema) schema, numShards);
            default:
                return new HollowMapTypeWriteState((HollowMapSchema) schema, numShards);
        }
    }

    void restore(HollowReadStateEngine state) {
        engine.restoreFrom(state);
    }

    void recreate(HollowReadStateEngine state, boolean preserveHashPositions) {
        HollowWriteStateCreator.populateUsingReadEngine(engine, state, preserveHashPositions);
    }

    Script script() {
        return script;
    }

    List<HollowSchema> schemas() {
        return schemas;
    }

    void failIfFailed() {
        if (failure != null) {
            String text = failure;
            failure = null;
            throw new IllegalStateException("the script failed: " + text);
        }
    }

    /**
     * {@code write DIRECTORY STAGING VERSION PREVIOUS|- TAG ANNOUNCE}: runs the cycle and publishes its blobs through the
     * file system publisher; with ANNOUNCE {@code 1} announces the version too. Answers whether anything changed, and the
     * ordinals that the operations gave.
     */
    String write(Words words) throws IOException {
        failIfFailed();
        Path directory = Path.of(words.next());
        Path staging = Path.of(words.next());
        long version = Long.parseLong(words.next());
        String previous = words.next();
        long tag = Long.parseLong(words.next());
        boolean announce = words.next().equals("1");

        engine.prepareForNextCycle();
        script.run(engine, () -> readers.snapshot(Long.parseLong(previous)));
        engine.overrideNextStateRandomizedTag(tag);
        boolean changed = engine.hasChangedSinceLastCycle();

        Files.createDirectories(directory);
        HollowFilesystemBlobStager stager = new HollowFilesystemBlobStager(staging, HollowProducer.BlobCompressor.NO_COMPRESSION, parts);
        HollowFilesystemPublisher publisher = new HollowFilesystemPublisher(directory);
        HollowBlobWriter writer = new HollowBlobWriter(engine);
        publish(stager.openSnapshot(version), writer, publisher);
        if (!previous.equals("-")) {
            long before = Long.parseLong(previous);
            publish(stager.openDelta(before, version), writer, publisher);
            publish(stager.openReverseDelta(version, before), writer, publisher);
        }
        if (announce) {
            new HollowFilesystemAnnouncer(directory).announce(version);
        }
        return (changed ? "1" : "0") + script.ordinals();
    }

    private static void publish(HollowProducer.Blob blob, HollowBlobWriter writer, HollowFilesystemPublisher publisher) throws IOException {
        ((HollowProducer.PublishArtifact) blob).write(writer);
        publisher.publish((HollowProducer.PublishArtifact) blob);
        ((HollowProducer.PublishArtifact) blob).cleanup();
    }
}
