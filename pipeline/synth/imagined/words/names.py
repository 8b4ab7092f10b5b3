"""Words of which people, places, companies, titles, products and notes get their names."""

FIRSTS = (
    "Aaron, Abigail, Adele, Ahmed, Aisha, Alan, Albert, Alejandro, Alma, Amara, Amelie, Amir, Anita, Anton, Arjun, "
    "Arthur, Astrid, Aurora, Beatrice, Bela, Benjamin, Bianca, Boris, Brian, Bruno, Camila, Carmen, Cecilia, Chen, "
    "Chloe, Claudia, Colin, Cora, Dario, Deborah, Dennis, Diego, Dmitri, Dora, Edgar, Edith, Elias, Elif, Ella, "
    "Emilio, Enzo, Esther, Ethan, Eva, Fatima, Fiona, Florian, Frank, Frida, Gabriel, George, Gloria, Gustav, Hana, "
    "Harold, Hassan, Heidi, Helena, Henry, Ibrahim, Ida, Igor, Ines, Irene, Isabel, Jamal, James, Jasper, Javier, "
    "Joan, Joel, Johanna, Jorge, Judith, Kamal, Karen, Keiko, Kenji, Kofi, Kwame, Lars, Leila, Lena, Liam, Lina, "
    "Lorenzo, Louise, Luis, Lydia, Magnus, Manuel, Marco, Margaret, Marta, Matteo, Maya, Mehmet, Mila, Miriam, "
    "Mohan, Nadia, Naomi, Nathan, Nicole, Nikolai, Nora, Oliver, Omar, Otto, Pablo, Patricia, Pedro, Petra, Philip, "
    "Priya, Quentin, Rafael, Raj, Rebecca, Ricardo, Robert, Rosalind, Ruth, Salma, Samuel, Sandra, Selma, Sergei, "
    "Sofie, Stella, Sven, Tamara, Tariq, Teresa, Theo, Tomas, Ursula, Valentina, Vikram, Vincent, Wei, William, "
    "Xavier, Yara, Yasmin, Yuki, Yusuf, Zainab, Zara"
)
LASTS = (
    "Abbott, Acosta, Ahmadi, Almeida, Andersen, Andrade, Archer, Banerjee, Barnes, Becker, Bennett, Bianchi, Blanco, "
    "Bishop, Bose, Brandt, Bridges, Cabrera, Campbell, Castillo, Chang, Chavez, Christensen, Coleman, Conti, Cooke, "
    "Cortez, Dahl, Dalton, Delgado, Desai, Dubois, Duarte, Eriksson, Espinoza, Farrell, Ferrari, Flores, Fournier, "
    "Franco, Fraser, Fujita, Gallagher, Gomez, Grant, Gupta, Haddad, Hansen, Harper, Hassan, Hayes, Herrera, "
    "Hoffmann, Horvat, Huang, Ibarra, Ito, Jansen, Jensen, Johansson, Kaya, Khan, Kim, Kowalski, Kozlov, Kumar, "
    "Lambert, Larsen, Lehmann, Leone, Lindberg, Lombardi, Lund, Mahmoud, Marino, Marsh, Mbeki, Medina, Mehta, "
    "Mendoza, Mishra, Molina, Moreau, Morris, Murphy, Nakamura, Navarro, Nguyen, Nielsen, Novotny, O'Brien, "
    "O'Connor, O'Neill, D'Angelo, Obi, Okafor, Ortega, Osman, Papadakis, Patel, Petrov, Pham, Pinto, Popescu, Quinn, "
    "Ramos, Rao, Reyes, Ricci, Rivera, Romano, Russo, Saito, Santos, Sato, Schneider, Schubert, Sharma, Singh, Soto, "
    "Sutherland, Suzuki, Tanaka, Torres, Tran, Ueda, Vargas, Vasquez, Virtanen, Wagner, Wallace, Watanabe, Winter, "
    "Wright, Yamamoto, Yilmaz, Zhang, Zimmermann"
)
PLACES = (
    "Aberdeen, Accra, Adelaide, Alexandria, Amman, Antwerp, Auckland, Baku, Bamako, Bangkok, Basel, Belgrade, Bergen, "
    "Bilbao, Bogota, Bologna, Bordeaux, Bratislava, Bremen, Bristol, Brno, Bucharest, Cairo, Calgary, Cardiff, "
    "Cartagena, Casablanca, Cologne, Copenhagen, Cordoba, Cork, Dakar, Darwin, Dresden, Durban, Edinburgh, Fez, "
    "Florence, Gdansk, Geneva, Genoa, Ghent, Glasgow, Granada, Graz, Guadalajara, Halifax, Hanoi, Havana, Helsinki, "
    "Hobart, Istanbul, Jakarta, Kampala, Kiel, Kigali, Krakow, Kyoto, La Paz, Lagos, Lahore, Lima, Ljubljana, Luxor, "
    "Malaga, Manila, Marrakesh, Medellin, Melbourne, Montevideo, Montreal, Mumbai, Nairobi, Nantes, Naples, Odessa, "
    "Osaka, Ottawa, Palermo, Perth, Pune, Quebec, Quito, Riga, Rosario, Rotterdam, Salzburg, Santiago, Sarajevo, "
    "Seoul, Seville, Sofia, Split, Stockholm, Tallinn, Tampere, Tbilisi, Toledo, Toronto, Toulouse, Trieste, Tunis, "
    "Turin, Utrecht, Valencia, Vancouver, Verona, Vilnius, Windhoek, Yerevan, Zagreb, Zaragoza"
)
ADJECTIVES = (
    "silent, golden, broken, hidden, distant, bright, crimson, frozen, gentle, hollow, lonely, lucky, midnight, "
    "narrow, quiet, rapid, restless, royal, rusty, secret, sharp, shining, simple, sleepy, smooth, solid, stormy, "
    "strange, sunny, tiny, velvet, warm, wild, winding, wise, young, ancient, bitter, bold, brave, burning, classic, "
    "clever, cold, cosy, curious, deep, eager, empty, endless, fancy, fearless, final, forgotten, fresh, friendly, "
    "giant, heavy, holy, honest, humble, invisible, light, magic, misty, modern, noble, polished, proud, pure, "
    "purple, rare, red, scarlet, slim, soft, spicy, sweet, swift, tall, tender, thin, tough, white, wooden"
)
THINGS = (
    "river, garden, lantern, mirror, harbour, window, forest, mountain, shadow, island, ocean, valley, bridge, "
    "castle, tower, crown, anchor, arrow, autumn, bell, blossom, candle, canyon, chain, circle, clock, cloud, "
    "compass, crystal, dawn, diamond, door, dragon, dream, dust, echo, ember, fable, falcon, feather, fire, flame, "
    "fountain, fox, ghost, hammer, heart, horizon, hunter, journey, kingdom, ladder, lamp, legend, letter, "
    "lighthouse, lion, maple, meadow, melody, memory, moon, morning, nest, oak, orchid, pearl, pepper, pilot, "
    "prince, promise, rain, raven, ribbon, ring, rocket, rose, sail, saddle, scarf, shell, shore, sky, snow, spark, "
    "spring, stone, storm, stranger, summer, sword, teapot, thunder, tiger, trail, treasure, voyage, wagon, wave, "
    "whisper, wing, winter, wolf, kettle, blanket, drill, jacket, helmet, notebook, sofa, speaker"
)
COMPANY_ENDINGS = (
    "Ltd, Group, Holdings, Partners, Industries, Systems, and Sons, Logistics, Foods, Motors, Labs, Consulting, Works, "
    "Media, Trading, Bank, United, Rovers, Association"
)
STREETS = "Street, Road, Avenue, Lane, Square, Drive, Court, Hill"
PLACE_PARTS = "Falls, Bay, Heights, Springs, North, South, Central, Point, Park"
