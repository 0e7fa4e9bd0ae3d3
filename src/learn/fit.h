/*-------------------------------------------------------------------------
 *
 * fit.h
 *	  The weights that make positives nearer than negatives: what mmdb asks of
 *	  its second module, mmdb_learn.
 *
 * That module is the only user of OpenBLAS.  It is loaded by the sessions that
 * learn weights, not by those that search.
 *
 *-------------------------------------------------------------------------
 */
#ifndef MM_FIT_H
#define MM_FIT_H

#include <sys/mman.h>

/*
 * One example, with m columns: the distances of its positives (npositives rows)
 * and of its negatives (nnegatives rows) from its query object.  They are stored
 * row by row, m numbers each, all finite.
 */
typedef struct MMContrast
{
	int			npositives;
	int			nnegatives;		/* an example that lacks either is ignored */
	const double *positives;		/* npositives x m */
	const double *negatives;		/* nnegatives x m */
	double		importance;		/* how often it counts; >= 0 */
} MMContrast;

/*
 * The problem: minimize, over w >= 0,
 *
 *	  mean over examples of the mean over pairs (positive x, negative y)
 *		  of log(1 + exp(w.x - w.y))
 *	  + l1 * (the least l1 strength that makes all w zero) * sum of w
 *	  + pull / 2 * |w - towards|^2
 *
 * It is convex.
 */
typedef struct MMFitProblem
{
	int			m;				/* columns, at most MM_FIT_MAX_COLUMNS */
	int			nexamples;
	const MMContrast *examples;
	double		l1;				/* 0 .. 1 */
	double		pull;			/* > 0 */
	const double *towards;		/* m; NULL: zeros */
	const bool *dropped;		/* m: this weight stays 0; NULL: none */
} MMFitProblem;

#define MM_FIT_MAX_COLUMNS	32

/* The module, and the function in it. */
#define MM_FIT_LIBRARY		"$libdir/mmdb_learn"
#define MM_FIT_FUNCTION		"mm_fit"

/*
 * mm_fit: minimize by at most steps Newton steps, beginning at w (m numbers >=
 * 0), which is replaced by the result.  Returns the loss: the mean over the
 * pairs, without the other terms.
 */
typedef double (*MMFitFunction) (const MMFitProblem *problem, int steps, double *w);

/*
 * The address space that OpenBLAS maps as a buffer when it is first used, and
 * keeps.  If it cannot get that, it tries again for ever, and no signal gets
 * through to it.
 */
#ifdef __powerpc64__
#define MM_FIT_BUFFER		((Size) 256 << 20)
#else
#define MM_FIT_BUFFER		((Size) 128 << 20)
#endif

/*
 * mm_fit_require_memory: raise an error unless this much address space could
 * be mapped now, as OpenBLAS would map it.  (Where memory must not be
 * overcommitted, another process may take it in the short time before OpenBLAS
 * does.)
 */
static inline void
mm_fit_require_memory(Size size)
{
	void	   *room = mmap(NULL, size, PROT_READ | PROT_WRITE, MAP_PRIVATE | MAP_ANONYMOUS, -1, 0);

	if (room == MAP_FAILED)
		ereport(ERROR,
				(errcode(ERRCODE_OUT_OF_MEMORY),
				 errmsg("out of memory"),
				 errdetail("To learn weights takes OpenBLAS, which needs %zu MB of address space more than this session may have.",
						   size >> 20),
				 errhint("Raise the server's limits (\"ulimit -v\", \"ulimit -d\"), or where memory is not overcommitted, the limit of the system (vm.overcommit_ratio, swap space).")));
	munmap(room, size);
}

/*
 * mm_normalize_weights: divide n weights by their sum.  If all are 0, returns
 * false and does nothing.
 */
extern bool mm_normalize_weights(const double *w, int n, double *weights);

#endif							/* MM_FIT_H */
