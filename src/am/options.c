/*-------------------------------------------------------------------------
 *
 * options.c
 *	  Storage parameters of an index: CREATE INDEX ... WITH (...).
 *
 *-------------------------------------------------------------------------
 */
#include "postgres.h"

#include "access/reloptions.h"
#include "utils/rel.h"

#include "am/am.h"

static relopt_kind mm_relopt_kind;

/*
 * mm_options_init: register the parameters; called once, when the library is
 * loaded.
 */
void
mm_options_init(void)
{
	mm_relopt_kind = add_reloption_kind();
	add_int_reloption(mm_relopt_kind, "sample_rows",
					  "Number of rows between which distances are measured",
					  MM_DEFAULT_SAMPLE_ROWS, MM_MIN_SAMPLE_ROWS,
					  MM_MAX_SAMPLE_ROWS, ShareUpdateExclusiveLock);
}

bytea *
mmdb_options(Datum reloptions, bool validate)
{
	static const relopt_parse_elt elements[] = {
		{
			.optname = "sample_rows",
			.opttype = RELOPT_TYPE_INT,
			.offset = offsetof(MMOptions, sample_rows),
		},
	};

	return (bytea *) build_reloptions(reloptions, validate, mm_relopt_kind,
									  sizeof(MMOptions), elements,
									  lengthof(elements));
}

/*
 * mm_options_sample_rows: the parameter sample_rows of an index.
 */
int
mm_options_sample_rows(Relation index)
{
	MMOptions  *options = (MMOptions *) index->rd_options;

	return options ? options->sample_rows : MM_DEFAULT_SAMPLE_ROWS;
}
