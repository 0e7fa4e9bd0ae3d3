/*-------------------------------------------------------------------------
 *
 * area.c
 *	  The memory that has the statistics of queries; see area.h.
 *
 * The area is a header, the heads of the hash table's lists, entries, kept
 * objects, and profiles.
 *
 *-------------------------------------------------------------------------
 */
#include "postgres.h"

#include "access/xact.h"
#include "common/hashfn.h"
#include "port/pg_bitutils.h"
#include "utils/timestamp.h"

#include "stats/area.h"

/* When there are too many entries, this part of them goes, but at least so many. */
#define EVICTED_PART		0.05
#define EVICTED_LEAST		10

/* An entry's usage is multiplied by this each time that others are evicted. */
#define USAGE_DECREASE		0.99

/* A kept object takes one of so many places; see place_for_object. */
#define PLACES_LOOKED_AT	16

/* ---------- where things are ---------- */

static int
count_buckets(int most)
{
	return (int) pg_nextpower2_32((uint32) most);
}

static Size
entries_offset(int nbuckets)
{
	return MAXALIGN(MAXALIGN(sizeof(MMStatsArea)) + sizeof(int32) * nbuckets);
}

static Size
objects_offset(int most, int nbuckets)
{
	return entries_offset(nbuckets) + MAXALIGN(sizeof(MMStatsEntry)) * most;
}

static Size
profiles_offset(int most, int nbuckets)
{
	return objects_offset(most, nbuckets) + MAXALIGN(sizeof(MMKeptObject)) * (most / 2);
}

static int32 *
bucket_of(MMStatsArea *area, const MMStatsKey *key)
{
	uint32		hash = hash_bytes((const unsigned char *) key, sizeof(MMStatsKey));

	return (int32 *) ((char *) area + MAXALIGN(sizeof(MMStatsArea))) + (hash & (area->nbuckets - 1));
}

MMStatsEntry *
mm_area_entry(MMStatsArea *area, int i)
{
	return (MMStatsEntry *) ((char *) area + entries_offset(area->nbuckets) +
							 MAXALIGN(sizeof(MMStatsEntry)) * i);
}

static int
number_of(MMStatsArea *area, const MMStatsEntry *entry)
{
	return (int) (((const char *) entry - (const char *) mm_area_entry(area, 0)) /
				  MAXALIGN(sizeof(MMStatsEntry)));
}

MMKeptObject *
mm_area_object(MMStatsArea *area, int i)
{
	return (MMKeptObject *) ((char *) area + objects_offset(area->most, area->nbuckets) +
							 MAXALIGN(sizeof(MMKeptObject)) * i);
}

MMProfileUse *
mm_area_profile(MMStatsArea *area, int i)
{
	return (MMProfileUse *) ((char *) area + profiles_offset(area->most, area->nbuckets) +
							 MAXALIGN(sizeof(MMProfileUse)) * i);
}

bool
mm_area_in_use(const MMStatsEntry *entry)
{
	return OidIsValid(entry->key.index);
}

/* ---------- the area ---------- */

Size
mm_area_size(int most)
{
	return profiles_offset(most, count_buckets(most)) + MAXALIGN(sizeof(MMProfileUse)) * (most / 4);
}

void
mm_area_make(MMStatsArea *area, MMAreaKind kind, int most)
{
	int32	   *buckets = (int32 *) ((char *) area + MAXALIGN(sizeof(MMStatsArea)));

	memset(area, 0, sizeof(MMStatsArea));
	area->kind = kind;
	area->most = most;
	area->nbuckets = count_buckets(most);
	area->most_objects = most / 2;
	area->most_profiles = most / 4;
	area->reset = GetCurrentTimestamp();
	for (int i = 0; i < area->nbuckets; i++)
		buckets[i] = -1;
	area->free = -1;
	for (int i = 0; i < area->most_profiles; i++)
		mm_area_profile(area, i)->database = InvalidOid;
	if (kind == MM_AREA_SESSION)
		return;
	area->tranche = LWLockNewTrancheId();
	LWLockInitialize(&area->lock, area->tranche);
}

void
mm_area_lock(MMStatsArea *area, LWLockMode mode)
{
	if (area->kind != MM_AREA_SESSION)
		LWLockAcquire(&area->lock, mode);
}

void
mm_area_unlock(MMStatsArea *area)
{
	if (area->kind != MM_AREA_SESSION)
		LWLockRelease(&area->lock);
}

/* ---------- entries ---------- */

MMStatsEntry *
mm_area_find(MMStatsArea *area, const MMStatsKey *key)
{
	for (int32 i = *bucket_of(area, key); i >= 0;)
	{
		MMStatsEntry *entry = mm_area_entry(area, i);

		if (memcmp(&entry->key, key, sizeof(MMStatsKey)) == 0)
			return entry;
		i = entry->next;
	}
	return NULL;
}

static int
compare_usage(const void *a, const void *b)
{
	double		x = (*(MMStatsEntry *const *) a)->usage;
	double		y = (*(MMStatsEntry *const *) b)->usage;

	return (x > y) - (x < y);
}

/*
 * Remove the entries that are used least.
 */
static void
evict(MMStatsArea *area)
{
	MMStatsEntry **entries = palloc(sizeof(MMStatsEntry *) * area->most);
	int			n = 0;
	int			nevicted;

	for (int i = 0; i < area->ntouched; i++)
	{
		MMStatsEntry *entry = mm_area_entry(area, i);

		if (!mm_area_in_use(entry))
			continue;
		entry->usage *= USAGE_DECREASE;
		entries[n++] = entry;
	}
	qsort(entries, n, sizeof(MMStatsEntry *), compare_usage);
	nevicted = Min(Max((int) (n * EVICTED_PART), EVICTED_LEAST), n);
	for (int i = 0; i < nevicted; i++)
		mm_area_remove(area, entries[i]);
	area->evicted += nevicted;
	pfree(entries);
}

MMStatsEntry *
mm_area_enter(MMStatsArea *area, const MMStatsKey *key)
{
	MMStatsEntry *entry = mm_area_find(area, key);
	int32	   *bucket = bucket_of(area, key);
	int32		i;

	if (entry != NULL)
		return entry;
	if (area->nentries == area->most)
		evict(area);
	i = area->free >= 0 ? area->free : area->ntouched++;
	entry = mm_area_entry(area, i);
	if (area->free >= 0)
		area->free = entry->next;
	area->nentries++;
	entry->key = *key;
	entry->next = *bucket;
	*bucket = i;
	SpinLockInit(&entry->mutex);
	entry->usage = 0.0;
	memset(entry->label, 0, sizeof(entry->label));
	memset(&entry->counters, 0, sizeof(MMCounters));
	/* Calls are dated by their statement, too. */
	entry->counters.since = GetCurrentStatementStartTimestamp();
	return entry;
}

static void
forget_object(MMStatsArea *area, MMSample *sample)
{
	if (sample->object >= 0)
		mm_area_object(area, sample->object)->entry = -1;
	sample->object = -1;
	sample->has_object = false;
}

void
mm_area_remove(MMStatsArea *area, MMStatsEntry *entry)
{
	int32	   *link = bucket_of(area, &entry->key);
	int			number = number_of(area, entry);

	while (*link != number)
		link = &mm_area_entry(area, *link)->next;
	*link = entry->next;
	for (int i = 0; i < entry->counters.nsamples; i++)
		forget_object(area, &entry->samples[i]);
	entry->key.index = InvalidOid;
	entry->next = area->free;
	area->free = number;
	area->nentries--;
}

/*
 * The calls that the sample which has a kept object stands for; -1 if none has.
 */
static double
worth_of(MMStatsArea *area, const MMKeptObject *kept)
{
	const MMCounters *c;

	if (kept->entry < 0)
		return -1.0;
	c = &mm_area_entry(area, kept->entry)->counters;
	return c->recent / Max(c->nsamples, 1);
}

/*
 * The place for an object: one that was never used, or of the next few, the one that
 * is worth least.
 */
static int
place_for_object(MMStatsArea *area)
{
	int			best = area->next_object;

	if (area->ntouched_objects < area->most_objects)
	{
		mm_area_object(area, area->ntouched_objects)->entry = -1;
		return area->ntouched_objects++;
	}
	for (int i = 1; i < PLACES_LOOKED_AT; i++)
	{
		int			number = (area->next_object + i) % area->most_objects;

		if (worth_of(area, mm_area_object(area, number)) < worth_of(area, mm_area_object(area, best)))
			best = number;
	}
	area->next_object = (best + 1) % area->most_objects;
	return best;
}

void
mm_area_keep(MMStatsArea *area, MMStatsEntry *entry, int sample, const char *data, Size size)
{
	MMKeptObject *kept;
	int			number = entry->samples[sample].object;

	if (number < 0)
		number = place_for_object(area);
	kept = mm_area_object(area, number);
	/* Whoever had the place loses it. */
	if (kept->entry >= 0 && number != entry->samples[sample].object)
		forget_object(area, &mm_area_entry(area, kept->entry)->samples[kept->sample]);
	kept->entry = number_of(area, entry);
	kept->sample = sample;
	kept->size = (uint32) size;
	memcpy(kept->data, data, size);
	entry->samples[sample].object = number;
	entry->samples[sample].has_object = true;
}
