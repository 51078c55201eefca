package bench;

import com.netflix.hollow.core.write.objectmapper.HollowHashKey;
import com.netflix.hollow.core.write.objectmapper.HollowInline;
import com.netflix.hollow.core.write.objectmapper.HollowPrimaryKey;
import java.util.LinkedHashMap;
import java.util.LinkedHashSet;
import java.util.Map;
import java.util.Set;
import java.util.stream.Collectors;

/** D3: every video has a status in each of 190 countries; few of the statuses differ. */
final class Liveness extends Data {
    static final int COUNTRIES = 190;
    static final int REASONS = 61;
    private static final long DAY = 86_400_000L;

    @HollowPrimaryKey(fields = "id")
    static final class Video {
        long id;
        @HollowHashKey(fields = "code")
        Map<Country, Status> statuses;
    }

    static final class Country {
        @HollowInline
        final String code;

        Country(String code) {
            this.code = code;
        }
    }

    static final class Status {
        int state;
        int tier;
        @HollowInline
        Long start;
        @HollowInline
        Long end;
        boolean flag;
        @HollowHashKey(fields = "code")
        Set<Reason> reasons;
    }

    static final class Reason {
        final int code;

        Reason(int code) {
            this.code = code;
        }
    }

    final Country[] countries = new Country[COUNTRIES];
    private final Reason[] reasons = new Reason[REASONS];
    private final Status[] profiles = new Status[25_000];

    Liveness() {
        for (int i = 0; i < COUNTRIES; i++) {
            countries[i] = new Country(Stream.code2(i));
        }
        for (int i = 0; i < REASONS; i++) {
            reasons[i] = new Reason(100 + i);
        }
        for (int p = 0; p < profiles.length; p++) {
            profiles[p] = profile(p);
        }
    }

    private Status profile(int p) {
        Stream s = new Stream(0xD310, p, 0);
        Status status = new Status();
        status.state = s.below(6);
        status.tier = s.below(4);
        int hasStart = s.below(10);
        long start = 1_500_000_000_000L + s.below(2000) * DAY;
        int hasEnd = s.below(10);
        long end = start + (30 + s.below(700)) * DAY;
        status.flag = s.below(2) == 1;
        int count = s.below(5);
        int first = s.below(REASONS);
        int step = 1 + s.below(60);
        status.start = hasStart < 7 ? start : null;
        status.end = hasEnd < 3 ? end : null;
        status.reasons = new LinkedHashSet<>();
        for (int k = 0; k < count; k++) {
            status.reasons.add(reasons[(first + k * step) % REASONS]);
        }
        return status;
    }

    /** The key of video i. */
    static long id(int i) {
        return 70_000_000L + 7L * i;
    }

    @Override
    int tag() {
        return 0xD3;
    }

    @Override
    Class<?> root() {
        return Video.class;
    }

    @Override
    Video record(int i, int version) {
        Stream s = new Stream(0xD300, i, 0);
        int[] pool = new int[1 + s.below(5)];
        for (int at = 0; at < pool.length; at++) {
            pool[at] = s.below(20_000);
        }
        int[] numbers = new int[COUNTRIES];
        for (int country = 0; country < COUNTRIES; country++) {
            numbers[country] = pool[s.below(pool.length)];
        }
        if (version > 0) {
            Stream changes = new Stream(0xD301, i, version);
            for (int left = 1 + changes.below(5); left > 0; left--) {
                int country = changes.below(COUNTRIES);
                numbers[country] = 20_000 + changes.below(5_000);
            }
        }
        Video video = new Video();
        video.id = id(i);
        video.statuses = new LinkedHashMap<>(2 * COUNTRIES);
        for (int country = 0; country < COUNTRIES; country++) {
            video.statuses.put(countries[country], profiles[numbers[country]]);
        }
        return video;
    }

    @Override
    long adds(Object record) {
        return 2 + ((Video) record).statuses.values().stream().mapToLong(status -> 3 + status.reasons.size()).sum();
    }

    @Override
    void canonical(Object record, StringBuilder out) {
        Video video = (Video) record;
        out.append("{\"id\":").append(video.id).append(",\"statuses\":{");
        String comma = "";
        for (Map.Entry<Country, Status> entry : video.statuses.entrySet()) {
            Status status = entry.getValue();
            out.append(comma).append('"').append(entry.getKey().code).append("\":{\"state\":").append(status.state);
            out.append(",\"tier\":").append(status.tier).append(",\"start\":").append(status.start);
            out.append(",\"end\":").append(status.end).append(",\"flag\":").append(status.flag).append(",\"reasons\":[");
            out.append(status.reasons.stream().map(reason -> reason.code).sorted().map(String::valueOf).collect(Collectors.joining(",")));
            out.append("]}");
            comma = ",";
        }
        out.append("}}");
    }

    @Override
    int chunk() {
        return 500;
    }
}
