/*-------------------------------------------------------------------------
 *
 * record.c
 *	  Recording searches.
 *
 * Nothing is allocated, and the lock is taken shared, unless a class of queries
 * is new, or a query object is to be kept.
 *
 * The sample of a class is of its recent searches: a search of a half-life ago is
 * in it with half the probability of one now.  To each search a random priority
 * is given, and those of the greatest priorities are kept: its age in half-lives,
 * and a Gumbel-distributed number.  (This is weighted sampling without
 * replacement; Efraimidis and Spirakis, "Weighted random sampling with a
 * reservoir", 2006, with weights that grow by time, and logarithms taken.)
 *
 *-------------------------------------------------------------------------
 */
#include "postgres.h"

#include <math.h>

#include "access/xact.h"
#include "common/hashfn.h"
#include "mb/pg_wchar.h"
#include "miscadmin.h"
#include "utils/memutils.h"
#include "utils/timestamp.h"

#include "base/random.h"
#include "stats/area.h"

/* After this many seconds, a search counts half as much. */
#define HALF_LIFE	(24 * 3600.0)

static MMRandom random_state;

void
mm_work_add_search(MMSearchWork *work, const MMSearchStats *stats)
{
	work->inner_pages += stats->inner_pages;
	work->leaf_pages += stats->leaf_pages;
	work->sketch_pages += stats->whole_pages;
	work->postings_pages += stats->postings_pages;
	work->entries += stats->bounded;
	work->sketched_entries += stats->whole_entries;
	work->refined += stats->refined;
	work->postings += stats->postings;
	work->candidates += stats->candidates;
	work->changes += stats->changes;
	if (stats->ndrivers == 0)
		return;
	if (stats->drivers[0].columns == 0)
		work->by_shared++;
	else if (stats->drivers[0].kind < 0)
		work->by_paper++;
	else if (stats->drivers[0].kind == 0)
		work->by_merge++;
	else
		work->by_subindex++;
}

/* ---------- entries ---------- */

/*
 * Copy a name, cut off between characters if it is too long.
 */
static void
copy_name(char *to, const char *name)
{
	int			length = pg_mbcliplen(name, (int) strlen(name), MM_LABEL_SIZE - 1);

	memset(to, 0, MM_LABEL_SIZE);
	memcpy(to, name, length);
}

/*
 * Lock the area, and find the entry of a class; make it if there is none.
 */
static MMStatsEntry *
lock_entry(MMStatsArea *area, Oid user, Oid index, const MMQueryClass *class, const char *label)
{
	MMStatsKey	key = {.database = MyDatabaseId, .user = user, .index = index, .class = *class};
	MMStatsEntry *entry;

	mm_area_lock(area, LW_SHARED);
	entry = mm_area_find(area, &key);
	if (entry != NULL)
		return entry;
	mm_area_unlock(area);
	mm_area_lock(area, LW_EXCLUSIVE);
	entry = mm_area_enter(area, &key);
	copy_name(entry->label, label);
	return entry;
}

/*
 * Count some calls, all of which took the same time.  The entry's spinlock is held.
 */
static void
count_calls(MMStatsEntry *entry, int64 calls, double milliseconds)
{
	MMCounters *c = &entry->counters;
	TimestampTz now = GetCurrentStatementStartTimestamp();
	double		difference = milliseconds - c->mean;

	if (c->calls == 0 || milliseconds < c->least)
		c->least = milliseconds;
	if (c->calls == 0 || milliseconds > c->most)
		c->most = milliseconds;
	/* Welford's method, as in pg_stat_statements. */
	c->calls += calls;
	c->total += calls * milliseconds;
	c->mean += difference * calls / c->calls;
	c->squares += calls * difference * (milliseconds - c->mean);
	if (now - c->recent_at > 60 * USECS_PER_SEC)
	{
		c->recent *= exp2((c->recent_at - now) / (HALF_LIFE * USECS_PER_SEC));
		c->recent_at = now;
	}
	c->recent += calls;
	c->last = now;
	entry->usage += calls;
}

/* ---------- samples ---------- */

/*
 * The priority of a search that has just ended.
 */
static double
draw_priority(void)
{
	double		u;

	if (random_state.seed == 0)
		random_state.seed = mm_mix_bits((uint64) GetCurrentTimestamp() ^ (uint64) MyProcPid << 40) | 1;
	u = ((mm_random_bits(&random_state) >> 11) + 0.5) * 0x1.0p-53;
	return GetCurrentStatementStartTimestamp() / (HALF_LIFE * USECS_PER_SEC) * M_LN2 - log(-log(u));
}

/*
 * The place in the sample that a search of this priority takes; -1 if none.
 */
static int
place_in_sample(MMStatsEntry *entry, double priority)
{
	int			least = 0;

	if (entry->counters.nsamples < MM_MAX_SAMPLES)
	{
		entry->samples[entry->counters.nsamples].object = -1;
		return entry->counters.nsamples++;
	}
	for (int i = 1; i < MM_MAX_SAMPLES; i++)
		if (entry->samples[i].priority < entry->samples[least].priority)
			least = i;
	return entry->samples[least].priority < priority ? least : -1;
}

/*
 * Put a search into the sample, if it belongs there.  The entry's spinlock is
 * held.  Returns the place; -1 if it does not.
 */
static int
sample_call(MMStatsEntry *entry, const MMSearchCall *call, double priority)
{
	int			place = place_in_sample(entry, priority);
	MMSample   *sample = &entry->samples[place];

	if (place < 0)
		return -1;
	sample->priority = priority;
	sample->has_object = false;
	sample->has_factors = call->factors != NULL;
	sample->k = call->k;
	sample->radius = call->radius;
	sample->milliseconds = call->milliseconds;
	if (call->factors != NULL)
		memcpy(sample->factors, call->factors, sizeof(double) * call->ncolumns);
	return place;
}

/*
 * Keep the query object of a search that is in the sample.
 */
static void
keep_object(MMStatsArea *area, const MMSearchCall *call, int place, double priority)
{
	MMStatsKey	key = {.database = MyDatabaseId, .user = call->user, .index = call->index, .class = call->class};
	MemoryContext context = AllocSetContextCreate(CurrentMemoryContext, "mmdb sampled object",
												  ALLOCSET_SMALL_SIZES);
	MemoryContext old = MemoryContextSwitchTo(context);
	struct varlena *object = call->object(call->object_state);
	MMStatsEntry *entry;

	if (object != NULL && VARSIZE(object) <= MM_OBJECT_SIZE)
	{
		mm_area_lock(area, LW_EXCLUSIVE);
		entry = mm_area_find(area, &key);
		/* Another search may have taken the place. */
		if (entry != NULL && place < entry->counters.nsamples && entry->samples[place].priority == priority)
			mm_area_keep(area, entry, place, (const char *) object, VARSIZE(object));
		mm_area_unlock(area);
	}
	MemoryContextSwitchTo(old);
	MemoryContextDelete(context);
}

/* ---------- what is recorded ---------- */

void
mm_track_search(const MMSearchCall *call)
{
	MMStatsArea *area = mm_area_get();
	double		priority = mm_track_samples == MM_SAMPLES_NONE ? 0 : draw_priority();
	MMStatsEntry *entry = lock_entry(area, call->user, call->index, &call->class, "");
	volatile MMStatsEntry *e = entry;
	int			place = -1;

	SpinLockAcquire(&e->mutex);
	count_calls(entry, 1, call->milliseconds);
	entry->counters.ncolumns = call->ncolumns;
	entry->counters.memory = Max(entry->counters.memory, call->memory);
	mm_work_add(&entry->counters.work, &call->work);
	if (mm_track_samples != MM_SAMPLES_NONE)
		place = sample_call(entry, call, priority);
	SpinLockRelease(&e->mutex);
	mm_area_unlock(area);
	mm_track_count++;
	if (place >= 0 && mm_track_samples == MM_SAMPLES_OBJECTS && call->object != NULL)
		keep_object(area, call, place, priority);
}

void
mm_track_alternative(Oid index, const MMQueryClass *class, const char *label, int64 queries,
					 double milliseconds, double recall, double accuracy)
{
	MMStatsArea *area = mm_area_get();
	MMQueryClass own = *class;
	MMStatsEntry *entry;
	volatile MMStatsEntry *e;

	own.by = MM_BY_ALTERNATIVE;
	own.label = hash_bytes((const unsigned char *) label, (int) strlen(label));
	e = entry = lock_entry(area, GetUserId(), index, &own, label);
	SpinLockAcquire(&e->mutex);
	count_calls(entry, queries, milliseconds);
	entry->counters.measured += queries;
	entry->counters.recall += queries * recall;
	entry->counters.accuracy += queries * accuracy;
	SpinLockRelease(&e->mutex);
	mm_area_unlock(area);
}

/*
 * The place for the uses of a profile: its own, a free one, or that of the one
 * which was not used for the longest time.
 */
static MMProfileUse *
profile_place(MMStatsArea *area, Oid user, const char *name)
{
	MMProfileUse *best = mm_area_profile(area, 0);

	for (int i = 0; i < area->most_profiles; i++)
	{
		MMProfileUse *use = mm_area_profile(area, i);

		if (use->database == MyDatabaseId && use->user == user && strcmp(use->name, name) == 0)
			return use;
		if (OidIsValid(best->database) && (!OidIsValid(use->database) || use->last < best->last))
			best = use;
	}
	return best;
}

void
mm_track_profile(const char *name)
{
	static TimestampTz last_statement;
	static char last_name[MM_LABEL_SIZE];
	TimestampTz statement = GetCurrentStatementStartTimestamp();
	char		own[MM_LABEL_SIZE];
	MMStatsArea *area;
	MMProfileUse *use;

	/* The planner evaluates weights, too; and a statement mentions them more than once. */
	copy_name(own, name);
	if (mm_track_setting == MM_TRACK_NONE || mm_track_level == 0 ||
		(statement == last_statement && strcmp(own, last_name) == 0))
		return;
	last_statement = statement;
	memcpy(last_name, own, sizeof(last_name));
	area = mm_area_get();
	mm_area_lock(area, LW_EXCLUSIVE);
	use = profile_place(area, GetUserId(), own);
	if (use->database != MyDatabaseId || use->user != GetUserId() || strcmp(use->name, own) != 0)
	{
		use->database = MyDatabaseId;
		use->user = GetUserId();
		memcpy(use->name, own, sizeof(use->name));
		use->uses = 0;
	}
	use->uses++;
	use->last = statement;
	mm_area_unlock(area);
}
