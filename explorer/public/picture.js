// Pictures of rows: an image by its address, or one drawn from a grey thumbnail and a
// histogram of colours.

// A vector, which comes as text or as an array.
export const vector = value => (typeof value === 'string' ? JSON.parse(value.replace(/^\{(.*)\}$/, '[$1]')) : value);

const luminance = ([r, g, b]) => 0.299 * r + 0.587 * g + 0.114 * b;

// What the hues of a histogram mostly are: red, yellow, and so on.
const hues = [8, 54, 112, 165, 207, 245, 295, 340];

// The colour of a bin at full brightness: 8 hues by 4 saturations.
function binColor(bin) {
	const hue = hues[Math.floor(bin / 4)];
	const saturation = [0, 0.4, 0.65, 0.95][bin % 4];
	const channel = n => {
		const k = (n + hue / 60) % 6;
		return 255 * (1 - saturation * Math.max(0, Math.min(k, 4 - k, 1)));
	};
	return [channel(5), channel(3), channel(1)];
}

// A colour made as bright as a grey.
function withBrightness(color, grey) {
	const own = luminance(color);
	if (grey <= own) return color.map(c => (c * grey) / own);
	const share = (grey - own) / (255 - own || 1);
	return color.map(c => c + (255 - c) * share);
}

// Which colour each pixel has is not known, but how many pixels have it, and how bright
// each pixel is: bright pixels get the bright colours, in the histogram's proportions.
function colorPixels(grey, histogram) {
	const pixels = [...grey.keys()].filter(i => grey[i] < 248).sort((a, b) => grey[a] - grey[b]);
	const bins = [...histogram.keys()]
		.filter(bin => bin % 4 > 0 && histogram[bin] > 0)
		.map(bin => ({ color: binColor(bin), share: histogram[bin] }))
		.sort((a, b) => luminance(a.color) - luminance(b.color));
	const chromatic = bins.reduce((sum, bin) => sum + bin.share, 0);
	const colors = grey.map(g => [g, g, g]);
	if (chromatic < 0.02) return colors;
	// What has no colour is black, white or between; the darkest pixels get half of it.
	const skip = Math.round((pixels.length * Math.max(0, 1 - chromatic)) / 2);
	const colored = pixels.slice(skip, pixels.length - skip);
	let i = 0;
	let until = 0;
	for (const bin of bins) {
		until += (bin.share / chromatic) * colored.length;
		for (; i < colored.length && i < until; i++) colors[colored[i]] = withBrightness(bin.color, grey[colored[i]]);
	}
	return colors;
}

function draw(canvas, grey, histogram) {
	const side = Math.sqrt(grey.length);
	const colors = histogram ? colorPixels(grey, histogram) : grey.map(g => [g, g, g]);
	const small = new OffscreenCanvas(side, side);
	const context = small.getContext('2d');
	const image = context.createImageData(side, side);
	colors.forEach(([r, g, b], i) => image.data.set([r, g, b, 255], i * 4));
	context.putImageData(image, 0, 0);
	canvas.width = canvas.height = side * 8;
	const large = canvas.getContext('2d');
	large.imageSmoothingQuality = 'high';
	large.drawImage(small, 0, 0, canvas.width, canvas.height);
}

// The picture of a row; null if it has none.
export function picture(row, show) {
	if (show.image && row[show.image]) {
		const image = document.createElement('img');
		Object.assign(image, { src: row[show.image], alt: '', loading: 'lazy', className: 'picture' });
		return image;
	}
	if (!show.thumbnail || !row[show.thumbnail]) return null;
	const canvas = document.createElement('canvas');
	canvas.className = 'picture';
	draw(canvas, vector(row[show.thumbnail]), show.colors && row[show.colors] ? vector(row[show.colors]) : null);
	return canvas;
}
