namespace PaliSharp.Server.Tests.Playground;

/// <summary>Checks that run in the page (WCAG 2.2: 1.4.3 contrast, 1.4.10 reflow, 2.4.7 focus, 2.5.8 size of targets, 4.1.2 names).</summary>
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

    /// <summary>Controls that are hard to hit: less than 24 pixels high or wide, their labels included.</summary>
    public const string Small =
        """
        () => {
          const visible = e => e.getClientRects().length > 0 && !e.closest('.visually-hidden, .skip') && !e.classList.contains('visually-hidden');
          const found = [];
          for (const e of document.querySelectorAll('button, input, select, textarea, a, summary')) {
            if (!visible(e)) continue;
            const all = [e, ...(e.labels ?? [])].map(part => part.getBoundingClientRect());
            const width = Math.max(...all.map(r => r.right)) - Math.min(...all.map(r => r.left));
            const height = Math.max(...all.map(r => r.bottom)) - Math.min(...all.map(r => r.top));
            if (width < 23.5 || height < 23.5) found.push(`${width.toFixed(0)}x${height.toFixed(0)} ${e.outerHTML.slice(0, 80)}`);
          }
          return found;
        }
        """;

    /// <summary>What sticks out of the window or of its card; what scrolls by itself may.</summary>
    public const string SticksOut =
        """
        () => {
          const found = document.documentElement.scrollWidth > window.innerWidth ? [`page ${document.documentElement.scrollWidth} of ${window.innerWidth}`] : [];
          for (const card of document.querySelectorAll('.card, .top, .notice')) {
            const limit = card.getBoundingClientRect();
            for (const e of card.querySelectorAll('*')) {
              if (e.getClientRects().length === 0 || e.closest('pre code, option, .visually-hidden, svg') || e.classList.contains('visually-hidden')) continue;
              const r = e.getBoundingClientRect();
              if (r.right > limit.right + 1 || r.left < limit.left - 1) found.push(`${e.tagName}#${e.id}.${e.className} ${r.left.toFixed(0)}-${r.right.toFixed(0)} of ${limit.left.toFixed(0)}-${limit.right.toFixed(0)}`);
            }
          }
          const columns = [...document.querySelectorAll('.top-in, .columns, .notice')].filter(e => e.getClientRects().length > 0).map(e => {
            const r = e.getBoundingClientRect(), s = getComputedStyle(e), isCard = e.classList.contains('notice');
            return isCard ? [r.left, r.right] : [r.left + parseFloat(s.paddingLeft), r.right - parseFloat(s.paddingRight)];
          });
          if (columns.some(c => Math.abs(c[0] - columns[0][0]) > 2.5 || Math.abs(c[1] - columns[0][1]) > 2.5)) found.push(`edges ${columns.map(c => c.map(Math.round).join('-')).join(' ')}`);
          return found;
        }
        """;

    /// <summary>Whether the element that has the focus shows it.</summary>
    public const string ShowsFocus =
        """
        () => {
          const e = document.activeElement;
          if (e === document.body) return true;
          const style = getComputedStyle(e.type === 'radio' ? e.nextElementSibling : e);
          return style.outlineStyle !== 'none' && parseFloat(style.outlineWidth) >= 2;
        }
        """;
}
