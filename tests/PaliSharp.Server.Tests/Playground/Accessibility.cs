namespace PaliSharp.Server.Tests.Playground;

/// <summary>Checks that run in the page (WCAG 2.2: 1.4.3 contrast, 4.1.2 names).</summary>
internal static class Accessibility
{
    /// <summary>Controls and pictures without a name.</summary>
    public const string Unnamed =
        """
        () => {
          const visible = e => e.offsetParent !== null || e.getClientRects().length > 0;
          const name = e => (e.getAttribute('aria-label') || [...(e.labels ?? [])].map(l => l.textContent).join(' ') || e.textContent || e.title || e.querySelector('img')?.alt || '').trim();
          const controls = [...document.querySelectorAll('button, input, select, textarea, a, meter')].filter(visible).filter(e => name(e) === '');
          const images = [...document.querySelectorAll('img')].filter(e => !e.hasAttribute('alt'));
          const headings = document.querySelectorAll('h1').length === 1 ? [] : ['h1'];
          const landmarks = document.querySelector('main') && document.documentElement.lang ? [] : ['main or lang'];
          return [...[...controls, ...images].map(e => e.outerHTML.slice(0, 120)), ...headings, ...landmarks];
        }
        """;

    /// <summary>Text that stands out too little from what is behind it.</summary>
    public const string Faint =
        """
        () => {
          const parse = text => { const n = text.match(/[\d.]+/g).map(Number); return { rgb: n.slice(0, 3), a: n.length > 3 ? n[3] : 1 }; };
          const linear = v => { v /= 255; return v <= 0.04045 ? v / 12.92 : ((v + 0.055) / 1.055) ** 2.4; };
          const light = rgb => 0.2126 * linear(rgb[0]) + 0.7152 * linear(rgb[1]) + 0.0722 * linear(rgb[2]);
          const behind = e => { for (let p = e; p; p = p.parentElement) { const c = parse(getComputedStyle(p).backgroundColor); if (c.a > 0.9) return c.rgb; } return [255, 255, 255]; };
          const found = [];
          const walker = document.createTreeWalker(document.body, NodeFilter.SHOW_TEXT);
          while (walker.nextNode()) {
            const text = walker.currentNode.textContent.trim();
            const e = walker.currentNode.parentElement;
            if (!text || !e || e.closest('svg, noscript, script, .visually-hidden, .skip') || e.getClientRects().length === 0 || e.closest('option')) continue;
            const style = getComputedStyle(e);
            const a = light(parse(style.color).rgb), b = light(behind(e));
            const ratio = (Math.max(a, b) + 0.05) / (Math.min(a, b) + 0.05);
            const size = parseFloat(style.fontSize), large = size >= 24 || (size >= 18.66 && Number(style.fontWeight) >= 700);
            if (ratio < (large ? 3 : 4.5)) found.push(`${ratio.toFixed(2)} ${text.slice(0, 40)}`);
          }
          return found;
        }
        """;
}
