/*-------------------------------------------------------------------------
 *
 * save.c
 *	  The statistics of queries in a file, from one run of the server to the next.
 *
 * The file is written when the server is stopped, and removed when it has been
 * read, so that a crash does not bring back old figures.  It has a header, with
 * the sizes of what follows; the entries, each with the objects of its samples;
 * and the uses of profiles.  A file of another version of PostgreSQL or mmdb, or
 * of another machine, is not read.
 *
 *-------------------------------------------------------------------------
 */
#include "postgres.h"

#include <unistd.h>

#include "catalog/catversion.h"
#include "pgstat.h"
#include "storage/fd.h"

#include "stats/save.h"

#define STATS_FILE	PGSTAT_STAT_PERMANENT_DIRECTORY "/mmdb_query_stats.stat"

typedef struct FileHeader
{
	uint32		format;
	uint32		version;		/* of PostgreSQL's catalogs */
	uint32		entry_size;
	uint32		profile_size;
	int32		nentries;
	int32		nprofiles;
	int64		evicted;
	TimestampTz reset;
} FileHeader;

static bool
write_all(FILE *file, const void *data, Size size)
{
	return fwrite(data, 1, size, file) == size;
}

static bool
read_all(FILE *file, void *data, Size size)
{
	return fread(data, 1, size, file) == size;
}

/* ---------- writing ---------- */

static bool
write_entry(FILE *file, MMStatsArea *area, const MMStatsEntry *entry)
{
	if (!write_all(file, entry, sizeof(MMStatsEntry)))
		return false;
	for (int i = 0; i < entry->counters.nsamples; i++)
	{
		const MMSample *sample = &entry->samples[i];
		const MMKeptObject *kept = sample->has_object ? mm_area_object(area, sample->object) : NULL;
		uint32		size = kept == NULL ? 0 : kept->size;

		if (!write_all(file, &size, sizeof(size)) ||
			(size > 0 && !write_all(file, kept->data, size)))
			return false;
	}
	return true;
}

static bool
write_file(FILE *file, MMStatsArea *area)
{
	FileHeader	header = {
		.format = MM_STATS_FORMAT,
		.version = CATALOG_VERSION_NO,
		.entry_size = sizeof(MMStatsEntry),
		.profile_size = sizeof(MMProfileUse),
		.nentries = area->nentries,
		.evicted = area->evicted,
		.reset = area->reset,
	};

	for (int i = 0; i < area->most_profiles; i++)
		header.nprofiles += OidIsValid(mm_area_profile(area, i)->database);
	if (!write_all(file, &header, sizeof(header)))
		return false;
	for (int i = 0; i < area->ntouched; i++)
		if (mm_area_in_use(mm_area_entry(area, i)) && !write_entry(file, area, mm_area_entry(area, i)))
			return false;
	for (int i = 0; i < area->most_profiles; i++)
		if (OidIsValid(mm_area_profile(area, i)->database) &&
			!write_all(file, mm_area_profile(area, i), sizeof(MMProfileUse)))
			return false;
	return true;
}

void
mm_stats_save(MMStatsArea *area)
{
	FILE	   *file = AllocateFile(STATS_FILE ".tmp", PG_BINARY_W);
	bool		written = file != NULL && write_file(file, area);

	if (file != NULL && FreeFile(file) != 0)
		written = false;
	if (written)
	{
		(void) durable_rename(STATS_FILE ".tmp", STATS_FILE, LOG);
		return;
	}
	ereport(LOG,
			(errcode_for_file_access(),
			 errmsg("could not write file \"%s\": %m", STATS_FILE ".tmp")));
	unlink(STATS_FILE ".tmp");
}

/* ---------- reading ---------- */

/*
 * Read an entry into the area, unless that is full.
 */
static bool
read_entry(FILE *file, MMStatsArea *area)
{
	MMStatsEntry stored;
	MMStatsEntry *entry = NULL;

	if (!read_all(file, &stored, sizeof(stored)) ||
		stored.counters.nsamples < 0 || stored.counters.nsamples > MM_MAX_SAMPLES ||
		!OidIsValid(stored.key.index))
		return false;
	if (area->nentries < area->most)
	{
		entry = mm_area_enter(area, &stored.key);
		entry->usage = stored.usage;
		memcpy(entry->label, stored.label, sizeof(entry->label));
		entry->label[sizeof(entry->label) - 1] = '\0';
		entry->counters = stored.counters;
		memcpy(entry->samples, stored.samples, sizeof(entry->samples));
		for (int i = 0; i < stored.counters.nsamples; i++)
		{
			entry->samples[i].object = -1;
			entry->samples[i].has_object = false;
		}
	}
	for (int i = 0; i < stored.counters.nsamples; i++)
	{
		uint32		size;
		char		data[MM_OBJECT_SIZE];

		if (!read_all(file, &size, sizeof(size)) || size > MM_OBJECT_SIZE || !read_all(file, data, size))
			return false;
		if (entry != NULL && size > 0)
			mm_area_keep(area, entry, i, data, size);
	}
	return true;
}

static bool
read_file(FILE *file, MMStatsArea *area)
{
	FileHeader	header;

	if (!read_all(file, &header, sizeof(header)) || header.format != MM_STATS_FORMAT ||
		header.version != CATALOG_VERSION_NO || header.entry_size != sizeof(MMStatsEntry) ||
		header.profile_size != sizeof(MMProfileUse))
		return false;
	for (int i = 0; i < header.nentries; i++)
		if (!read_entry(file, area))
			return false;
	for (int i = 0; i < header.nprofiles; i++)
	{
		MMProfileUse use;

		if (!read_all(file, &use, sizeof(use)))
			return false;
		use.name[sizeof(use.name) - 1] = '\0';
		if (i < area->most_profiles)
			*mm_area_profile(area, i) = use;
	}
	area->evicted = header.evicted;
	area->reset = header.reset;
	return true;
}

void
mm_stats_load(MMStatsArea *area)
{
	FILE	   *file = AllocateFile(STATS_FILE, PG_BINARY_R);

	if (file == NULL)
	{
		if (errno != ENOENT)
			ereport(LOG,
					(errcode_for_file_access(),
					 errmsg("could not read file \"%s\": %m", STATS_FILE)));
		return;
	}
	if (!read_file(file, area))
		ereport(LOG,
				(errcode(ERRCODE_INVALID_PARAMETER_VALUE),
				 errmsg("ignoring what is left of file \"%s\"", STATS_FILE),
				 errdetail("It is damaged, or another version has written it.")));
	FreeFile(file);
	unlink(STATS_FILE);
}
