//! What the voices say: plain sentences invented for this corpus, and strings of digits.

use rand::RngExt;
use rand::seq::SliceRandom;

use super::cast::Language;

/// How many of the first candidates of a script are strings of digits.
const DIGIT_STRINGS: usize = 5;

/// Candidates in the order in which a voice tries them: sentences in random order, with strings of digits among them.
pub(crate) fn script(language: Language, generator: &mut impl RngExt) -> Vec<String> {
    let mut sentences: Vec<String> = match language {
        Language::English => ENGLISH,
        Language::German => GERMAN,
        Language::French => FRENCH,
        Language::Spanish => SPANISH,
        Language::Italian => ITALIAN,
    }
    .iter()
    .map(|sentence| (*sentence).to_owned())
    .collect();
    sentences.shuffle(generator);
    for count in 0..DIGIT_STRINGS {
        let digits: Vec<String> = (0..generator.random_range(5..8))
            .map(|_| generator.random_range(0..10).to_string())
            .collect();
        sentences.insert(count * 3, digits.join(" "));
    }
    sentences
}

const ENGLISH: &[&str] = &[
    "The green kettle sings before the water is hot.",
    "Nobody told the gardener about the second gate.",
    "My cousin keeps nine clocks in a narrow hall.",
    "We left the ladder under the old walnut tree.",
    "A slow train crosses the valley every evening.",
    "Please put the blue folder back on the shelf.",
    "Her brother paints wooden fish for the market.",
    "The baker opens his shutters long before dawn.",
    "Two grey cats were asleep on the warm engine.",
    "It rained so hard that the picnic moved indoors.",
    "The map shows a bridge that was never built.",
    "Try the smaller key when the lock is frozen.",
    "Our neighbour grows pumpkins as large as chairs.",
    "They sold the piano and bought a fishing boat.",
    "Somebody has eaten the last of the plum jam.",
    "The lamp above the stairs flickers in the wind.",
    "He wrote the address on the back of his hand.",
    "Six children pulled the sledge up the long hill.",
    "The museum closes early on the first of March.",
    "I would rather walk than wait for another bus.",
    "Fresh bread and honey were waiting on the table.",
    "The captain counted every rope before sunrise.",
    "You can hear the river from the upper window.",
    "An empty barrel rolled slowly down the street.",
    "The teacher forgot where she had parked her car.",
    "Cold soup is better than no soup in the desert.",
    "Every Tuesday the choir meets behind the library.",
    "The shop around the corner repairs broken radios.",
    "Mind the puddle at the bottom of the steps.",
    "She folded the paper into a very small crane.",
    "The farmer traded his tractor for eleven goats.",
    "Most of the apples fell during the night.",
    "A thin layer of dust covered the whole machine.",
    "Call me again when the ferry has arrived.",
    "The judge laughed and put away her spectacles.",
    "There is a hole in the pocket of this coat.",
    "Yellow flowers grow between the railway lines.",
    "The doctor asked for a chair and a glass of milk.",
    "Turn left at the fountain and follow the wall.",
    "He has been learning to juggle since October.",
    "The storm took the roof but left the chimney.",
    "Bring a candle, a spoon, and some dry matches.",
    "Their new house smells of varnish and oranges.",
    "Nothing in the garden moves at this hour.",
    "The pilot waved to us from the far meadow.",
    "A good hammer will last longer than its owner.",
    "The letters arrived together after four weeks.",
    "Which of these buttons makes the coffee?",
];

const GERMAN: &[&str] = &[
    "Der alte Bäcker schließt um sieben Uhr seine Tür.",
    "Meine Tante hat drei rote Fahrräder im Keller.",
    "Am Montag bringt der Nachbar frische Birnen mit.",
    "Die Brücke hinter dem Wald wird gerade gestrichen.",
    "Wir haben den Schlüssel unter dem Topf gefunden.",
    "Im Garten steht ein Tisch für neun Personen.",
    "Das kleine Boot liegt noch immer am Ufer.",
    "Niemand weiß, wer die Lampe repariert hat.",
    "Der Zug nach Norden fährt heute etwas später.",
    "Sie malt jeden Abend ein Bild von ihrem Hund.",
    "Bitte stellen Sie die Kisten neben das Fenster.",
    "Nach dem Regen riecht die ganze Straße nach Heu.",
    "Ein warmer Mantel ist besser als ein neuer Hut.",
    "Die Kinder zählen die Schafe auf der Wiese.",
    "Gestern hat der Wind den Zaun umgeworfen.",
    "Mein Bruder sammelt Knöpfe aus blauem Glas.",
    "Der Kaffee ist kalt, aber der Kuchen ist gut.",
    "Unter der Treppe wohnt eine sehr dicke Katze.",
    "Morgen wollen wir die Äpfel vom Baum holen.",
    "Das Radio spielt nur noch leise Musik.",
];

const FRENCH: &[&str] = &[
    "Le jardinier a perdu son chapeau près du lac.",
    "Ma voisine vend des confitures le samedi matin.",
    "Nous avons trouvé une clé derrière la pendule.",
    "Le petit train traverse la vallée chaque soir.",
    "Il faut fermer la porte avant la nuit.",
    "Les enfants comptent les moutons dans le pré.",
    "Mon frère répare une radio très ancienne.",
    "La lampe du couloir ne marche plus depuis hier.",
    "Un chat gris dort sur la table de la cuisine.",
    "Elle a peint neuf bateaux sur le mur blanc.",
    "Le boulanger ouvre sa boutique à six heures.",
    "Personne ne connaît le nom de cette rivière.",
    "Posez les caisses vertes à côté de la fenêtre.",
    "Après la pluie, la route sent bon le foin.",
    "Le capitaine regarde la carte sans rien dire.",
    "Demain nous irons cueillir les dernières poires.",
    "Ce manteau est chaud mais il est trop long.",
    "Le vent a renversé deux chaises au jardin.",
    "Il reste un peu de soupe pour tout le monde.",
    "La bibliothèque est fermée le premier mars.",
];

const SPANISH: &[&str] = &[
    "El panadero abre la puerta antes del amanecer.",
    "Mi prima guarda nueve relojes en el pasillo.",
    "Dejamos la escalera debajo del viejo nogal.",
    "Un tren muy lento cruza el valle cada tarde.",
    "La lámpara de la cocina ya no funciona.",
    "Los niños cuentan las ovejas en el prado.",
    "Mi hermano pinta peces de madera para vender.",
    "Nadie sabe quién cerró la ventana anoche.",
    "El gato gris duerme encima del piano.",
    "Mañana vamos a recoger las últimas peras.",
    "La vecina vende mermelada todos los lunes.",
    "Encontramos una llave detrás de la puerta.",
    "El capitán mira el mapa sin decir nada.",
    "Después de la lluvia el camino huele a hierba.",
    "Queda un poco de sopa para todos nosotros.",
    "El viento tiró dos sillas en el jardín.",
    "Este abrigo es viejo pero muy caliente.",
    "Ponga las cajas verdes cerca de la mesa.",
    "La barca pequeña sigue atada a la orilla.",
    "Hoy el museo cierra un poco más temprano.",
];

const ITALIAN: &[&str] = &[
    "Il fornaio apre la bottega prima dell'alba.",
    "Mia cugina tiene nove orologi nel corridoio.",
    "Abbiamo lasciato la scala sotto il vecchio noce.",
    "Un treno lento attraversa la valle ogni sera.",
    "La lampada della cucina non funziona più.",
    "I bambini contano le pecore nel prato.",
    "Mio fratello dipinge pesci di legno colorato.",
    "Nessuno sa chi ha chiuso la finestra ieri.",
    "Il gatto grigio dorme sopra il pianoforte.",
    "Domani andiamo a raccogliere le ultime pere.",
    "La vicina vende marmellata tutti i lunedì.",
    "Abbiamo trovato una chiave dietro la porta.",
    "Il capitano guarda la mappa senza parlare.",
    "Dopo la pioggia la strada profuma di fieno.",
    "Resta ancora un poco di zuppa per tutti.",
    "Il vento ha rovesciato due sedie in giardino.",
    "Questo cappotto è vecchio ma molto caldo.",
    "Metti le casse verdi vicino alla tavola.",
    "La piccola barca è ancora legata alla riva.",
    "Oggi il museo chiude un poco più presto.",
];

#[cfg(test)]
mod tests {
    use super::super::streams::{Purpose, stream};
    use super::*;
    use std::collections::HashSet;

    #[test]
    fn scripts_have_no_sentence_twice_and_differ_between_voices() {
        let read = |voice| script(Language::English, &mut stream(1, Purpose::Script, voice));
        let first = read(0);
        assert_eq!(first.iter().collect::<HashSet<_>>().len(), first.len());
        assert_eq!(first.len(), ENGLISH.len() + DIGIT_STRINGS);
        assert_eq!(first, read(0));
        assert_ne!(first, read(1));
    }

    #[test]
    fn digits_are_among_the_first_fourteen() {
        let script = script(Language::German, &mut stream(1, Purpose::Script, 2));
        let digits = script[..14]
            .iter()
            .filter(|s| s.starts_with(char::is_numeric));
        assert_eq!(digits.count(), DIGIT_STRINGS);
    }
}
