package bench;

import com.netflix.hollow.core.index.HollowHashIndex;
import com.netflix.hollow.core.index.HollowHashIndexResult;
import com.netflix.hollow.core.index.HollowPrefixIndex;
import com.netflix.hollow.core.index.HollowPrimaryKeyIndex;
import com.netflix.hollow.core.read.engine.map.HollowMapTypeReadState;
import com.netflix.hollow.core.read.engine.object.HollowObjectTypeReadState;
import com.netflix.hollow.core.read.engine.set.HollowSetTypeReadState;
import com.netflix.hollow.core.read.iterator.HollowMapEntryOrdinalIterator;
import com.netflix.hollow.core.read.iterator.HollowOrdinalIterator;
import java.util.Locale;
import java.util.regex.Matcher;
import java.util.regex.Pattern;

/** L5 to L10: look-ups through references, sets and maps; hash and prefix indexes; strings. */
@SuppressWarnings("deprecation") // HollowPrefixIndex has no successor
final class CatalogRows {
    private final int n;
    private final int lookups;
    private final Reading reading;
    private HollowHashIndex hash;
    private String hashed = "";
    private HollowPrefixIndex prefixes;

    CatalogRows(int n, int lookups, Reading reading) {
        this.n = n;
        this.lookups = lookups;
        this.reading = reading;
    }

    /** Null if the row is none of these. */
    String run(String row) throws Exception {
        switch (row) {
            case "L5-build":
                return buildHash("Flat", "", "ref.code");
            case "L5-bytes":
                return Clock.sample(0, 0, 0, hash("Flat", "", "ref.code").approxHeapFootprintInBytes(), n);
            case "L5-first":
                return first(0);
            case "L5-miss":
                return first(20_000);
            case "L5-iterate":
                return iterateMatches();
            case "L6-hit":
                return movieHit();
            case "L6-title":
                return movieTitle();
            case "L6-set":
                return findElement();
            case "L6-map":
                return findValue();
            case "L6-query":
                return query();
            case "L7-person-build":
                return buildHash("Movie", "", "cast.element.person.id");
            case "L7-person-bytes":
                return Clock.sample(0, 0, 0, hash("Movie", "", "cast.element.person.id").approxHeapFootprintInBytes(), n);
            case "L7-person-query":
                return matchesOfPersons();
            case "L7-country-build":
                return buildHash("Movie", "", "countries.element.country.code");
            case "L7-country-query":
                return matchesOfCountries();
            case "L8-build":
                return buildPrefix();
            case "L8-bytes":
                return prefixBytes();
            case "L8-query":
                return prefixQuery();
            case "L9-map":
                return status();
            case "L9-iterate":
                return iterateMaps();
            case "L10-seq":
                return text(all());
            case "L10-random":
                return text(random());
            case "L10-equal":
                return equal();
            case "L10-build":
                return buildOnText();
            case "L10-hit":
                return hitByText();
            default:
                return null;
        }
    }

    private int[] random() {
        return Stream.positions(1, n, lookups);
    }

    private int[] all() {
        int[] ordinals = new int[n];
        for (int at = 0; at < n; at++) {
            ordinals[at] = at;
        }
        return ordinals;
    }

    private HollowObjectTypeReadState object(String type) throws Exception {
        return (HollowObjectTypeReadState) reading.at(0).getTypeState(type);
    }

    private static int field(HollowObjectTypeReadState type, String name) {
        return type.getSchema().getPosition(name);
    }

    // Hash indexes.

    private HollowHashIndex hash(String type, String select, String match) throws Exception {
        if (!hashed.equals(match)) {
            hash = null;
            hash = new HollowHashIndex(reading.at(0), type, select, match);
            hashed = match;
        }
        return hash;
    }

    private String buildHash(String type, String select, String match) throws Exception {
        hashed = "";
        hash = null;
        reading.at(0);
        Clock clock = Clock.ofProcess();
        clock.time(() -> hash(type, select, match));
        return clock.sample(1, 0, n);
    }

    private String first(int off) throws Exception {
        HollowHashIndex index = hash("Flat", "", "ref.code");
        int[] codes = Stream.positions(2, Flats.REFS, lookups);
        Clock clock = Clock.ofThread();
        long found = clock.time(() -> {
            long count = 0;
            for (int code : codes) {
                HollowHashIndexResult result = index.findMatches(code + off);
                count += result != null && result.iterator().next() >= 0 ? 1 : 0;
            }
            return count;
        });
        return clock.sample(codes.length, 0, found);
    }

    private String iterateMatches() throws Exception {
        HollowHashIndex index = hash("Flat", "", "ref.code");
        int[] codes = Stream.positions(2, Flats.REFS, Math.max(1, lookups / 1000));
        long[] seen = {0};
        Clock clock = Clock.ofThread();
        long sum = clock.time(() -> {
            long total = 0;
            for (int code : codes) {
                HollowHashIndexResult result = index.findMatches(code);
                if (result == null) {
                    continue;
                }
                HollowOrdinalIterator ordinals = result.iterator();
                for (int ordinal = ordinals.next(); ordinal != HollowOrdinalIterator.NO_MORE_ORDINALS; ordinal = ordinals.next()) {
                    total += ordinal;
                    seen[0]++;
                }
            }
            return total;
        });
        return clock.sample(seen[0], 0, sum);
    }

    private String matchesOfPersons() throws Exception {
        HollowHashIndex index = hash("Movie", "", "cast.element.person.id");
        int[] persons = Stream.positions(5, Catalog.PEOPLE, lookups);
        Clock clock = Clock.ofThread();
        long sum = clock.time(() -> {
            long total = 0;
            for (int person : persons) {
                HollowHashIndexResult result = index.findMatches(20_000_000 + person);
                total += result == null ? 0 : result.numResults();
            }
            return total;
        });
        return clock.sample(persons.length, 0, sum);
    }

    private String matchesOfCountries() throws Exception {
        HollowHashIndex index = hash("Movie", "", "countries.element.country.code");
        String[] codes = codes(Catalog.COUNTRIES);
        Clock clock = Clock.ofThread();
        long found = clock.time(() -> {
            long count = 0;
            for (String code : codes) {
                HollowHashIndexResult result = index.findMatches(code);
                count += result != null && result.iterator().next() >= 0 ? 1 : 0;
            }
            return count;
        });
        return clock.sample(codes.length, 0, found);
    }

    private String[] codes(int countries) {
        int[] positions = Stream.positions(3, countries, lookups);
        String[] codes = new String[positions.length];
        for (int at = 0; at < codes.length; at++) {
            codes[at] = Stream.code2(positions[at]);
        }
        return codes;
    }

    private String[] languages() {
        int[] positions = Stream.positions(4, Catalog.LANGUAGES, lookups);
        String[] codes = new String[positions.length];
        for (int at = 0; at < codes.length; at++) {
            codes[at] = Stream.lang2(positions[at]);
        }
        return codes;
    }

    // The catalogue.

    private String movieHit() throws Exception {
        HollowPrimaryKeyIndex index = reading.index(0, "Movie", "id");
        int[] positions = random();
        Clock clock = Clock.ofThread();
        long sum = clock.time(() -> {
            long total = 0;
            for (int position : positions) {
                total += index.getMatchingOrdinal(Catalog.id(position));
            }
            return total;
        });
        return clock.sample(positions.length, 0, sum);
    }

    private String movieTitle() throws Exception {
        HollowObjectTypeReadState movies = object("Movie");
        HollowObjectTypeReadState strings = object("String");
        int title = field(movies, "title");
        int value = field(strings, "value");
        int[] ordinals = random();
        Clock clock = Clock.ofThread();
        long sum = clock.time(() -> {
            long total = 0;
            for (int ordinal : ordinals) {
                total += strings.readString(movies.readOrdinal(ordinal, title), value).length();
            }
            return total;
        });
        return clock.sample(ordinals.length, 0, sum);
    }

    private String findElement() throws Exception {
        HollowObjectTypeReadState movies = object("Movie");
        HollowSetTypeReadState sets = (HollowSetTypeReadState) reading.at(0).getTypeState("SetOfCountryAvailability");
        int countries = field(movies, "countries");
        int[] ordinals = random();
        String[] codes = codes(Catalog.COUNTRIES);
        Clock clock = Clock.ofThread();
        long found = clock.time(() -> {
            long count = 0;
            for (int at = 0; at < ordinals.length; at++) {
                count += sets.findElement(movies.readOrdinal(ordinals[at], countries), codes[at]) >= 0 ? 1 : 0;
            }
            return count;
        });
        return clock.sample(ordinals.length, 0, found);
    }

    private String findValue() throws Exception {
        HollowObjectTypeReadState movies = object("Movie");
        HollowMapTypeReadState maps = (HollowMapTypeReadState) reading.at(0).getTypeState("MapOfLanguageToLocalizedTitle");
        int titles = field(movies, "titles");
        int[] ordinals = random();
        String[] codes = languages();
        Clock clock = Clock.ofThread();
        long found = clock.time(() -> {
            long count = 0;
            for (int at = 0; at < ordinals.length; at++) {
                count += maps.findValue(movies.readOrdinal(ordinals[at], titles), codes[at]) >= 0 ? 1 : 0;
            }
            return count;
        });
        return clock.sample(ordinals.length, 0, found);
    }

    private String query() throws Exception {
        HollowPrimaryKeyIndex index = reading.index(0, "Movie", "id");
        HollowObjectTypeReadState movies = object("Movie");
        HollowObjectTypeReadState strings = object("String");
        HollowObjectTypeReadState localized = object("LocalizedTitle");
        HollowMapTypeReadState maps = (HollowMapTypeReadState) reading.at(0).getTypeState("MapOfLanguageToLocalizedTitle");
        int title = field(movies, "title");
        int titles = field(movies, "titles");
        int value = field(strings, "value");
        int text = field(localized, "text");
        int[] positions = random();
        String[] codes = languages();
        Clock clock = Clock.ofThread();
        long sum = clock.time(() -> {
            long total = 0;
            for (int at = 0; at < positions.length; at++) {
                int movie = index.getMatchingOrdinal(Catalog.id(positions[at]));
                total += strings.readString(movies.readOrdinal(movie, title), value).length();
                int found = maps.findValue(movies.readOrdinal(movie, titles), codes[at]);
                if (found >= 0) {
                    total += strings.readString(localized.readOrdinal(found, text), value).length();
                }
            }
            return total;
        });
        return clock.sample(positions.length, 0, sum);
    }

    private String buildPrefix() throws Exception {
        prefixes = null;
        reading.at(0);
        Clock clock = Clock.ofProcess();
        prefixes = clock.time(() -> new HollowPrefixIndex(reading.at(0), "Movie", "title.value"));
        return clock.sample(1, 0, n);
    }

    private String prefixBytes() throws Exception {
        if (prefixes == null) {
            buildPrefix();
        }
        // Told as text only.
        Matcher bytes = Pattern.compile("approxHeapFootprintInBytes=(\\d+)").matcher(prefixes.usageStats().toString());
        if (!bytes.find()) {
            return "none Java does not tell";
        }
        return Clock.sample(0, 0, 0, Long.parseLong(bytes.group(1)), n);
    }

    private String prefixQuery() throws Exception {
        if (prefixes == null) {
            buildPrefix();
        }
        HollowObjectTypeReadState movies = object("Movie");
        HollowObjectTypeReadState strings = object("String");
        int[] positions = Stream.positions(1, n, Math.max(1, lookups / 16));
        String[] wanted = new String[positions.length];
        for (int at = 0; at < wanted.length; at++) {
            String title = strings.readString(movies.readOrdinal(positions[at], field(movies, "title")), field(strings, "value"));
            wanted[at] = title.substring(0, 4).toLowerCase(Locale.ROOT);
        }
        Clock clock = Clock.ofThread();
        long found = clock.time(() -> {
            long count = 0;
            for (String prefix : wanted) {
                count += prefixes.findKeysWithPrefix(prefix).next() >= 0 ? 1 : 0;
            }
            return count;
        });
        return clock.sample(wanted.length, 0, found);
    }

    // The statuses.

    private String status() throws Exception {
        HollowObjectTypeReadState videos = object("Video");
        HollowObjectTypeReadState values = object("Status");
        HollowMapTypeReadState maps = (HollowMapTypeReadState) reading.at(0).getTypeState("MapOfCountryToStatus");
        int statuses = field(videos, "statuses");
        int state = field(values, "state");
        int[] ordinals = random();
        String[] codes = codes(Liveness.COUNTRIES);
        Clock clock = Clock.ofThread();
        long sum = clock.time(() -> {
            long total = 0;
            for (int at = 0; at < ordinals.length; at++) {
                total += values.readInt(maps.findValue(videos.readOrdinal(ordinals[at], statuses), codes[at]), state);
            }
            return total;
        });
        return clock.sample(ordinals.length, 0, sum);
    }

    private String iterateMaps() throws Exception {
        HollowObjectTypeReadState videos = object("Video");
        HollowMapTypeReadState maps = (HollowMapTypeReadState) reading.at(0).getTypeState("MapOfCountryToStatus");
        int statuses = field(videos, "statuses");
        int[] ordinals = Stream.positions(1, n, Math.max(1, lookups / Liveness.COUNTRIES));
        long[] seen = {0};
        Clock clock = Clock.ofThread();
        long sum = clock.time(() -> {
            long total = 0;
            for (int ordinal : ordinals) {
                HollowMapEntryOrdinalIterator entries = maps.ordinalIterator(videos.readOrdinal(ordinal, statuses));
                while (entries.next()) {
                    total += entries.getKey() + entries.getValue();
                    seen[0]++;
                }
            }
            return total;
        });
        return clock.sample(seen[0], 0, sum);
    }

    // The strings.

    private String text(int[] ordinals) throws Exception {
        HollowObjectTypeReadState strings = object("Str");
        int field = field(strings, "text");
        Clock clock = Clock.ofThread();
        long sum = clock.time(() -> {
            long total = 0;
            for (int ordinal : ordinals) {
                total += strings.readString(ordinal, field).length();
            }
            return total;
        });
        if (sum == 0) {
            throw new IllegalStateException("no text was read");
        }
        return clock.sample(ordinals.length, 0, ordinals.length);
    }

    private String[] texts(int[] ordinals) throws Exception {
        HollowObjectTypeReadState strings = object("Str");
        String[] texts = new String[ordinals.length];
        for (int at = 0; at < texts.length; at++) {
            texts[at] = strings.readString(ordinals[at], field(strings, "text"));
        }
        return texts;
    }

    private String equal() throws Exception {
        HollowObjectTypeReadState strings = object("Str");
        int field = field(strings, "text");
        int[] ordinals = random();
        String[] texts = texts(ordinals);
        Clock clock = Clock.ofThread();
        long equal = clock.time(() -> {
            long count = 0;
            for (int at = 0; at < texts.length; at++) {
                count += strings.isStringFieldEqual(ordinals[at], field, texts[at]) ? 1 : 0;
            }
            return count;
        });
        return clock.sample(texts.length, 0, equal);
    }

    private String buildOnText() throws Exception {
        reading.stopFollowing();
        reading.at(0);
        Clock clock = Clock.ofProcess();
        clock.time(() -> reading.index(0, "Str", "text"));
        return clock.sample(1, 0, n);
    }

    private String hitByText() throws Exception {
        HollowPrimaryKeyIndex index = reading.index(0, "Str", "text");
        String[] texts = texts(random());
        Clock clock = Clock.ofThread();
        long sum = clock.time(() -> {
            long total = 0;
            for (String text : texts) {
                total += index.getMatchingOrdinal(text);
            }
            return total;
        });
        return clock.sample(texts.length, 0, sum);
    }
}
